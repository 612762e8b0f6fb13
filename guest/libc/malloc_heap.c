/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc_heap.c: each thread has a heap, whose spans only it changes; so neither malloc nor free takes a lock.
 *
 * A block that another thread frees goes onto a list of the heap it is from, by compare-exchange; the owner takes that
 * list in when it has no block at hand. The heap of a thread that ended waits, with what is still in use in it, for
 * the next thread that needs one.
 */
#include "malloc_heap.h"
#include "guest.h"
#include "lib/atomic.h"
#include "lib/str.h"
#include "malloc_span.h"

#define KEY        0x5bd1e995a3c6f72dull
#define EXTEND_MAX 16u /* blocks put on the free list at a time */

struct heap {
    struct span *room[CLASSES]; /* the first span that has room, or `none` */
    u32 spans[CLASSES];
    struct heap *next_idle;
    struct block *freed; /* atomic: by others */
} __attribute__((aligned(CACHE_LINE)));

static struct span none; /* has no room, whatever the class */
static _Thread_local struct heap
    *mine; /* NULL until the first use. Zero, because then start-up has nothing to copy */

static struct heap heaps[MAX_THREADS];
static struct mutex heaps_lock; /* protects the next two, and the heaps that are idle */
static unsigned heaps_made;
static struct heap *idle;

/* Allocated blocks have 0 there at first: a former key, copied on by who never wrote, might come to where it fits. */
static u64 key_of(const struct block *b)
{
    return KEY ^ (uintptr_t)b;
}

static void link_span(struct heap *h, struct span *s)
{
    struct span *first = h->room[s->class];

    s->before = NULL;
    s->next = first == &none ? NULL : first;
    if (s->next)
        s->next->before = s;
    h->room[s->class] = s;
    s->listed = true;
}

static void unlink_span(struct heap *h, struct span *s)
{
    if (s->before)
        s->before->next = s->next;
    else
        h->room[s->class] = s->next ? s->next : &none;
    if (s->next)
        s->next->before = s->before;
    s->listed = false;
}

static void release(struct heap *h, struct span *s)
{
    unlink_span(h, s);
    h->spans[s->class]--;
    span_free(s);
}

/* s was full, or nothing in it is in use any more. One such span of a class is kept. */
static void span_changed(struct heap *h, struct span *s)
{
    if (!s->listed)
        link_span(h, s);
    if (!s->used && (s->before || s->next))
        release(h, s);
}

static void mark_free(struct block *b, const void *p)
{
    if (b->key == key_of(b))
        malloc_corrupt("freed twice", p);
    b->key = key_of(b);
}

static void give_back(struct heap *h, struct span *s, struct block *b)
{
    b->next = s->free;
    s->free = b;
    if (!--s->used || !s->listed)
        span_changed(h, s);
}

/* Takes in what other threads freed. */
static void drain(struct heap *h)
{
    struct block *b = at_load(&h->freed) ? at_xchg(&h->freed, NULL) : NULL;

    while (b) {
        struct block *next = b->next;

        give_back(h, span_of(b), b);
        b = next;
    }
}

static void release_empty(struct heap *h)
{
    drain(h);
    for (unsigned c = 0; c < CLASSES; c++) {
        for (struct span *s = h->room[c], *next; s && s != &none; s = next) {
            next = s->next;
            if (!s->used)
                release(h, s);
        }
    }
}

/* The calling thread's heap; if it has none yet, one that is idle, or a new one. */
static struct heap *own_heap(void)
{
    struct heap *h = mine;

    if (h)
        return h;
    mutex_lock(&heaps_lock);
    h = idle;
    if (h) {
        idle = h->next_idle;
    } else if (heaps_made < MAX_THREADS) {
        h = &heaps[heaps_made++];
        for (unsigned c = 0; c < CLASSES; c++)
            h->room[c] = &none;
    }
    mutex_unlock(&heaps_lock);
    if (h)
        mine = h;
    return h;
}

void heap_thread_end(void)
{
    struct heap *h = mine;

    if (!h)
        return;
    mine = NULL;
    release_empty(h);
    mutex_lock(&heaps_lock);
    h->next_idle = idle;
    idle = h;
    mutex_unlock(&heaps_lock);
}

/* Before memory is said to be out: what the caller and threads that ended keep without need. */
static void release_all(void)
{
    if (mine)
        release_empty(mine);
    mutex_lock(&heaps_lock);
    for (struct heap *h = idle; h; h = h->next_idle)
        release_empty(h);
    mutex_unlock(&heaps_lock);
}

/* Puts blocks that were never used on the free list, as many as lie in one page, which shall be touched anyway. */
static void extend(struct span *s)
{
    uintptr_t at = (uintptr_t)(s + 1) + (uintptr_t)s->fresh * s->size, page = at / PAGE_SIZE;
    struct block **tail = &s->free;

    for (unsigned i = 0; i < EXTEND_MAX && s->fresh < s->capacity && at / PAGE_SIZE == page; i++) {
        struct block *b = (struct block *)at;

        *tail = b;
        tail = &b->next;
        s->fresh++;
        at += s->size;
    }
    *tail = NULL;
}

static always_inline void *take(struct span *s)
{
    struct block *b = s->free;

    s->free = b->next;
    s->used++;
    b->key = 0;
    return b;
}

/* The first span of the class, once it has a free block. */
static struct span *refill(struct heap *h, unsigned class)
{
    drain(h);
    for (;;) {
        struct span *s = h->room[class];

        if (s == &none) {
            s = span_new(h, class, h->spans[class]);
            if (!s)
                return NULL;
            h->spans[class]++;
            link_span(h, s);
        }
        if (!s->free)
            extend(s);
        if (s->free)
            return s;
        unlink_span(h, s);
    }
}

static off_path void *alloc_slowly(unsigned class)
{
    struct heap *h = own_heap();
    struct span *s = h ? refill(h, class) : NULL;

    if (!s && h) {
        release_all();
        s = refill(h, class);
    }
    return s ? take(s) : NULL;
}

static void *alloc_large(size_t bytes, size_t align)
{
    struct block *b = span_large(bytes, align);

    if (!b) {
        release_all();
        b = span_large(bytes, align);
    }
    if (b)
        b->key = 0;
    return b;
}

void *heap_alloc(size_t bytes)
{
    struct heap *h = mine;
    unsigned class;

    if (bytes > SMALL_MAX)
        return alloc_large(bytes, BLOCK_ALIGN);
    class = class_of(bytes);
    return h && h->room[class]->free ? take(h->room[class]) : alloc_slowly(class);
}

void *heap_alloc_aligned(size_t align, size_t bytes)
{
    struct block *b;
    uintptr_t p;

    bytes = MAX(bytes, 1ul); /* none would not lie in the block */
    if (align <= sizeof(struct span))
        return bytes <= SMALL_MAX ? heap_alloc(ROUND_UP(bytes, align)) : alloc_large(bytes, align);
    if (bytes > SMALL_MAX || align > SMALL_MAX || bytes + align - BLOCK_ALIGN > SMALL_MAX)
        return alloc_large(bytes, align);
    p = (uintptr_t)heap_alloc(bytes + align - BLOCK_ALIGN);
    if (!(p % align))
        return (void *)p;
    at_store(&span_of((void *)p)->has_inside, true);
    b = (struct block *)ROUND_UP(p, align);
    b->key = 0;
    return b;
}

void heap_free(void *p)
{
    struct span *s;
    struct block *b;

    if (!p)
        return;
    s = span_of(p);
    if (!s->heap) {
        span_free_large(s, p);
        return;
    }
    b = span_block(s, p);
    mark_free(b, p);
    if (s->heap == mine) {
        give_back(mine, s, b);
        return;
    }
    b->next = at_load(&s->heap->freed);
    while (!at_cas(&s->heap->freed, &b->next, b))
        ;
}

size_t heap_usable(const void *p)
{
    return p ? span_usable(span_of(p), p) : 0;
}

void *heap_resize(void *p, size_t bytes)
{
    struct span *s;
    size_t usable;
    void *to;

    if (!p)
        return heap_alloc(bytes);
    s = span_of(p);
    usable = span_usable(s, p);
    if (!s->heap && bytes <= usable && bytes > SMALL_MAX)
        span_shrink(s, p, bytes);
    else if (bytes > usable || bytes < usable / 2) {
        to = heap_alloc(bytes);
        if (!to)
            return bytes <= usable ? p : NULL;
        memcpy(to, p, MIN(bytes, usable));
        heap_free(p);
        return to;
    }
    return p;
}
