/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc_span.c: make spans of pages, and find the span of a pointer. */
#include "malloc_span.h"
#include "guest.h"
#include "lib/atomic.h"
#include "mem.h"

#define SEAL           0x9d3f61c8b7a5e241ull
#define BLOCKS_MIN     4u  /* in a span */
#define SPAN_PAGES_MAX 16u /* up to which spans grow */

static struct {
    u64 start, pages;
    u8 *back; /* by page: pages to the start of its span. Only those of a span in use mean anything */
} map;
static struct mutex map_lock;

static u64 seal_of(const struct span *s)
{
    return SEAL ^ (uintptr_t)s;
}

/* The map takes a page for each 16 MiB that are used, whatever its size. */
static bool map_exists(void)
{
    u64 start, end;

    if (at_load_acq(&map.back))
        return true;
    mutex_lock(&map_lock);
    if (!map.back) {
        mem_bounds(&start, &end);
        map.start = start;
        map.pages = (end - start) / PAGE_SIZE;
        at_store_rel(&map.back, mem_pages(ROUND_UP(map.pages, PAGE_SIZE) / PAGE_SIZE));
    }
    mutex_unlock(&map_lock);
    return map.back;
}

static void map_pages(const struct span *s, unsigned pages)
{
    u8 *back = &map.back[((uintptr_t)s - map.start) / PAGE_SIZE];

    for (unsigned i = 0; i < pages; i++)
        back[i] = (u8)i;
}

struct span *span_new(struct heap *h, unsigned class, unsigned have)
{
    u32 size = class_bytes(class);
    u32 least = (u32)ROUND_UP(sizeof(struct span) + BLOCKS_MIN * size, PAGE_SIZE) / PAGE_SIZE;
    u32 pages = MIN(least * (1 + MIN(have, SPAN_PAGES_MAX)), MAX(least, SPAN_PAGES_MAX));
    struct span *s = map_exists() ? mem_pages(pages) : NULL;

    if (!s)
        return NULL;
    *s = (struct span){
        .seal = seal_of(s),
        .heap = h,
        .pages = pages,
        .size = size,
        .reciprocal = UINT32_MAX / size + 1,
        .capacity = (u16)((pages * PAGE_SIZE - sizeof(*s)) / size),
        .class = (u8) class,
    };
    map_pages(s, pages);
    return s;
}

void span_free(struct span *s)
{
    s->seal = 0;
    mem_pages_free(s, s->pages);
}

void *span_large(size_t bytes, size_t align)
{
    size_t lead = align > sizeof(struct span) ? align : 0, pages;
    u8 *run, *at;
    struct span *s;

    if (bytes > SIZE_MAX / 4 || lead > SIZE_MAX / 4 || !map_exists())
        return NULL;
    pages = ROUND_UP(sizeof(*s) + lead + bytes, PAGE_SIZE) / PAGE_SIZE;
    run = pages <= UINT32_MAX ? mem_pages(pages) : NULL;
    if (!run)
        return NULL;
    at = (u8 *)ROUND_UP((uintptr_t)run + sizeof(*s), MAX(align, BLOCK_ALIGN));
    s = (struct span *)ROUND_DOWN((uintptr_t)at - sizeof(*s), PAGE_SIZE);
    mem_pages_free(run, (size_t)((u8 *)s - run) / PAGE_SIZE);
    *s = (struct span){.seal = seal_of(s),
                       .free = (struct block *)at,
                       .pages = (u32)(pages - (size_t)((u8 *)s - run) / PAGE_SIZE)};
    map_pages(s, (unsigned)(ROUND_DOWN((uintptr_t)at, PAGE_SIZE) - (uintptr_t)s) / PAGE_SIZE + 1);
    span_shrink(s, at, bytes);
    return at;
}

void span_free_large(struct span *s, const void *block)
{
    if (s->free != block)
        malloc_corrupt("not the start of a block", block);
    span_free(s);
}

void span_shrink(struct span *s, const void *block, size_t bytes)
{
    size_t need = ROUND_UP((uintptr_t)block - (uintptr_t)s + MAX(bytes, 1ul), PAGE_SIZE) / PAGE_SIZE;
    u8 *rest = (u8 *)s + need * PAGE_SIZE;

    mem_pages_free(rest, s->pages - need);
    s->pages = (u32)need;
}

struct span *span_of(const void *p)
{
    u64 page = ((uintptr_t)p - map.start) / PAGE_SIZE;
    struct span *s;

    if (page >= map.pages)
        malloc_corrupt("not from malloc", p);
    s = (struct span *)(ROUND_DOWN((uintptr_t)p, PAGE_SIZE) - map.back[page] * PAGE_SIZE);
    if (s->seal != seal_of(s))
        malloc_corrupt("not from malloc, or freed", p);
    return s;
}

struct block *span_block(const struct span *s, const void *p)
{
    u32 offset = (u32)((uintptr_t)p - (uintptr_t)(s + 1));
    u32 i = (u32)((u64)offset * s->reciprocal >> 32);
    struct block *b = (struct block *)((uintptr_t)(s + 1) + (uintptr_t)i * s->size);

    if (i >= s->capacity || ((const void *)b != p && !at_load(&s->has_inside)))
        malloc_corrupt("not the start of a block", p);
    return b;
}

size_t span_usable(const struct span *s, const void *p)
{
    uintptr_t end = s->heap ? (uintptr_t)span_block(s, p) + s->size : (uintptr_t)s + s->pages * PAGE_SIZE;

    return end - (uintptr_t)p;
}
