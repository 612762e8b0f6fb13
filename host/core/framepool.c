/* SPDX-License-Identifier: BSD-2-Clause */
/* framepool.c: give each guest page its place in a block reserved for its neighbourhood, as long as memory allows. */
#include "framepool.h"

/* ---- Lists ---- */

static void unlist(struct pool_block *b)
{
    b->link.prev->next = b->link.next;
    b->link.next->prev = b->link.prev;
}

/* Last of its use; loose frames go first, because no block can be made of them. */
static void enlist(struct framepool *p, struct pool_block *b)
{
    struct pool_link *list = &p->list[b->use], *before = b->loose ? list->next : list;

    b->link = (struct pool_link){.prev = before->prev, .next = before};
    before->prev->next = &b->link;
    before->prev = &b->link;
}

/* The block has a free frame. */
static void set_use(struct framepool *p, struct pool_block *b, enum pool_use use)
{
    unlist(b);
    b->use = use;
    enlist(p, b);
}

static struct pool_block *first(const struct framepool *p, enum pool_use use)
{
    struct pool_link *l = p->list[use].next;

    return l == &p->list[use] ? NULL : container_of(l, struct pool_block, link);
}

/* ---- Reservations ---- */

static struct pool_block **bucket(const struct framepool *p, u64 home)
{
    return &p->block[(u32)home % p->blocks].bucket;
}

static struct pool_block *reserved(const struct framepool *p, gfn_t gfn)
{
    u64 home = gfn.v >> BLOCK_SHIFT;
    struct pool_block *b = *bucket(p, home);

    while (b && b->home != home)
        b = b->chain;
    return b;
}

/* NULL: no block is empty. */
static struct pool_block *reserve(struct framepool *p, gfn_t gfn)
{
    struct pool_block *b = first(p, POOL_EMPTY), **head;

    if (!b)
        return NULL;
    b->home = gfn.v >> BLOCK_SHIFT;
    head = bucket(p, b->home);
    b->chain = *head;
    *head = b;
    set_use(p, b, POOL_RESERVED);
    return b;
}

static void end_reservation(struct framepool *p, struct pool_block *b)
{
    struct pool_block **at = bucket(p, b->home);

    while (*at != b)
        at = &(*at)->chain;
    *at = b->chain;
}

/* The block, which has a free frame, is for everybody, or for whoever comes next, from now on. */
static void release(struct framepool *p, struct pool_block *b, enum pool_use use)
{
    if (b->use == POOL_RESERVED)
        end_reservation(p, b);
    if (b->use != use)
        set_use(p, b, use);
}

/* ---- Frames ---- */

static bool is_free(const struct pool_block *b, u32 at)
{
    return b->free_map[at / 64] & BIT(at % 64);
}

static always_inline u32 take(struct framepool *p, struct pool_block *b, u32 at)
{
    b->free_map[at / 64] &= ~BIT(at % 64);
    at_store(&b->free, at_load(&b->free) - 1);
    if (!at_load(&b->free))
        unlist(b);
    at_store(&p->free, p->free - 1);
    return (u32)(b - p->block) << BLOCK_SHIFT | at;
}

static void give(struct framepool *p, struct pool_block *b, u32 at)
{
    b->free_map[at / 64] |= BIT(at % 64);
    at_store(&b->free, at_load(&b->free) + 1);
    if (at_load(&b->free) == 1)
        enlist(p, b);
    at_store(&p->free, p->free + 1);
}

static u32 take_any(struct framepool *p)
{
    struct pool_block *b = NULL;
    u32 word = 0;

    for (enum pool_use use = 0; use < POOL_USES && !b; use++)
        b = first(p, use);
    if (!b)
        return FRAME_NONE;
    release(p, b, POOL_SINGLES);
    while (!b->free_map[word])
        word++;
    return take(p, b, word * 64 + (u32)__builtin_ctzl(b->free_map[word]));
}

u32 framepool_get(struct framepool *p, gfn_t gfn)
{
    u32 at = gfn.v % BLOCK_PAGES, index;
    struct pool_block *b;

    spin_lock(&p->lock);
    b = reserved(p, gfn);
    if (!b)
        b = reserve(p, gfn);
    index = b && is_free(b, at) ? take(p, b, at) : take_any(p);
    spin_unlock(&p->lock);
    return index;
}

u32 framepool_get_home(struct framepool *p, gfn_t gfn)
{
    u32 at = gfn.v % BLOCK_PAGES, index;
    struct pool_block *b;

    spin_lock(&p->lock);
    b = reserved(p, gfn);
    index = b && is_free(b, at) ? take(p, b, at) : FRAME_NONE;
    spin_unlock(&p->lock);
    return index;
}

bool framepool_reserve(struct framepool *p, gfn_t gfn)
{
    bool has;

    spin_lock(&p->lock);
    has = reserved(p, gfn) || reserve(p, gfn);
    spin_unlock(&p->lock);
    return has;
}

void framepool_put(struct framepool *p, u32 index)
{
    u32 at = index % BLOCK_PAGES;
    struct pool_block *b;

    check(index < p->count, "a frame of this pool is returned");
    b = &p->block[index >> BLOCK_SHIFT];
    spin_lock(&p->lock);
    check(!is_free(b, at), "a returned frame was in use");
    give(p, b, at);
    if (at_load(&b->free) == BLOCK_PAGES && !b->loose)
        release(p, b, POOL_EMPTY);
    spin_unlock(&p->lock);
}

bool framepool_whole(struct framepool *p, gfn_t gfn, pfn_t *base)
{
    struct pool_block *b;
    bool whole;

    spin_lock(&p->lock);
    b = reserved(p, gfn);
    whole = b && !at_load(&b->free);
    if (whole)
        *base = framepool_pfn(p, (u32)(b - p->block) << BLOCK_SHIFT);
    spin_unlock(&p->lock);
    return whole;
}

/* ---- The pool ---- */

/* The frames of one block, from the machine. False: there are not that many. */
static bool fill_block(struct framepool *p, u32 block)
{
    u32 start = block << BLOCK_SHIFT, frames = MIN(p->count - start, BLOCK_PAGES);
    struct pool_block *b = &p->block[block];
    hpa_t at = {0};

    b->loose = frames < BLOCK_PAGES || !port_block_alloc(&at);
    b->use = b->loose ? POOL_SINGLES : POOL_EMPTY;
    for (u32 i = 0; i < frames; i++, at.v += PAGE_SIZE) {
        if (b->loose && !port_frame_alloc(&at))
            return false;
        p->frame[start + i] = hpa_pfn(at);
        give(p, b, i);
    }
    return true;
}

bool framepool_init(struct framepool *p, u64 count)
{
    bool full;

    *p = (struct framepool){0};
    if (!count || count > FRAME_NONE - BLOCK_PAGES)
        return false;
    p->count = (u32)count;
    p->blocks = (p->count + BLOCK_PAGES - 1) >> BLOCK_SHIFT;
    p->frame = port_zalloc(p->count * sizeof(*p->frame));
    p->block = port_zalloc(p->blocks * sizeof(*p->block));
    for (unsigned i = 0; i < POOL_USES; i++)
        p->list[i] = (struct pool_link){.prev = &p->list[i], .next = &p->list[i]};
    full = p->frame && p->block;
    for (u32 i = 0; i < p->blocks && full; i++)
        full = fill_block(p, i);
    if (!full)
        framepool_destroy(p);
    return full;
}

void framepool_destroy(struct framepool *p)
{
    u32 i = 0;

    while (p->frame && p->block && i < p->count && framepool_pfn(p, i).v) { /* a pool half made ends early */
        hpa_t at = pfn_hpa(framepool_pfn(p, i));

        if (p->block[i >> BLOCK_SHIFT].loose) {
            port_frame_free(at);
            i++;
        } else {
            port_block_free(at);
            i += BLOCK_PAGES;
        }
    }
    port_zfree(p->frame, p->count * sizeof(*p->frame));
    port_zfree(p->block, p->blocks * sizeof(*p->block));
    *p = (struct framepool){0};
}
