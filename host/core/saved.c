/* SPDX-License-Identifier: BSD-2-Clause */
/* saved.c: where a page of saved memory is: nowhere if it is zero, on the saved partition, or in the slot's source. */
#include "saved.h"
#include "port.h"
#include "lib/crc32.h"

u32 saved_header_crc(const void *page)
{
    size_t at = offsetof(struct saved_header, crc), behind = at + sizeof(u32);
    const u32 none = 0;
    u32 crc = crc32(0, page, at);

    crc = crc32(crc, &none, sizeof(none));
    return crc32(crc, (const u8 *)page + behind, PAGE_SIZE - behind);
}

static u32 entry(const struct store *s, u64 offset)
{
    return container_of(s, struct saved_memory, store)->index[offset >> PAGE_SHIFT];
}

static bool memory_is_zero(const struct store *s, u64 offset)
{
    return entry(s, offset) == SAVED_ZERO;
}

/* The request becomes one of the store below, which it also names in messages. */
static int memory_submit(struct store *s, struct store_req *r)
{
    struct saved_memory *m = container_of(s, struct saved_memory, store);
    u32 at = entry(s, r->offset);

    check(r->op == STORE_READ && at != SAVED_ZERO, "saved memory is only read, and only where there is some");
    if (at == SAVED_SOURCE)
        return store_submit(m->source, r);
    r->offset = (u64)at * PAGE_SIZE;
    return store_submit(m->on, r);
}

static u64 memory_block(const struct store *s, u64 offset)
{
    const struct saved_memory *m = container_of(s, struct saved_memory, store);
    u32 at = entry(s, offset);

    return at == SAVED_SOURCE ? m->source->ops->block(m->source, offset)
                              : m->on->ops->block(m->on, (u64)at * PAGE_SIZE);
}

static const struct store_ops memory_ops = {
    .submit = memory_submit, .block = memory_block, .is_zero = memory_is_zero};

void saved_memory_init(struct saved *s, unsigned i, struct store *source, u32 *index)
{
    u64 pages = s->header.slot[i].pages;

    s->memory[i] = (struct saved_memory){
        .store = {.ops = &memory_ops, .name = source ? source->name : "memory", .bytes = pages * PAGE_SIZE},
        .on = s->on,
        .source = source,
        .index = index,
        .pages = pages};
}

const struct saved_memory *saved_memory_of(const struct store *s)
{
    return s && s->ops == &memory_ops ? container_of(s, const struct saved_memory, store) : NULL;
}

static void mark(u64 *map, u64 page)
{
    map[page / 64] |= BIT(page % 64);
}

static void mark_run(u64 *map, const struct saved_run *r)
{
    for (u64 i = 0; i < SAVED_PAGES(r->bytes); i++)
        mark(map, r->page + i);
}

u64 *saved_map(const struct saved *s)
{
    u64 *map = port_zalloc(SAVED_MAP_BYTES(s->header.end));

    if (!map)
        return NULL;
    mark_run(map, &s->header.state);
    for (unsigned i = 0; i < s->header.slots; i++) {
        const struct saved_memory *m = &s->memory[i];

        mark_run(map, &s->header.slot[i].index);
        for (u64 p = 0; p < m->pages; p++)
            if (m->index[p] != SAVED_ZERO && m->index[p] != SAVED_SOURCE)
                mark(map, m->index[p]);
    }
    return map;
}

void saved_free(struct saved *s)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (s->memory[i].index)
            port_zfree(s->memory[i].index, SAVED_INDEX_BYTES(s->memory[i].pages));
    *s = (struct saved){0};
}
