/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * framepool.h: the fixed set of frames that one VM may have resident, laid out so that guest pages lie side by side.
 *
 * Frames are named by their index in the pool. They come in blocks, and a block that is wholly free is reserved for the
 * first block of guest memory (gfn >> BLOCK_SHIFT) that needs a frame: there each page of it has its place, and once
 * all places are taken, one leaf can map them. A reservation is a preference: when nothing else is free, its free
 * frames serve anybody, which breaks it. Any CPU; one lock, a leaf of the lock order.
 */
#pragma once
#include "lib/lock.h"
#include "port.h"

#define FRAME_NONE (~0u)

/* What a block's free frames are there for; a frame for anybody is sought in this order. */
enum pool_use {
    POOL_SINGLES,  /* anybody: the block's reservation is broken, or it never was a block */
    POOL_EMPTY,    /* the block's are all free: it can be reserved */
    POOL_RESERVED, /* the pages whose places they are */
    POOL_USES
};

struct pool_link {
    struct pool_link *prev, *next;
};

/* BLOCK_PAGES frames by index, fewer in the last one. */
struct pool_block {
    struct pool_link link; /* in its use's list as long as a frame is free */
    enum pool_use use;
    bool loose; /* not side by side in memory: always POOL_SINGLES */
    u32 free;   /* how many */
    u64 free_map[BLOCK_PAGES / 64];
    u64 home;                  /* POOL_RESERVED: the block of guest memory */
    struct pool_block *chain;  /* next reservation of the same bucket */
    struct pool_block *bucket; /* first reservation whose home is this block's number, modulo the blocks */
} __attribute__((aligned(CACHE_LINE)));

struct framepool {
    struct spinlock lock;
    pfn_t *frame; /* by index */
    struct pool_block *block;
    struct pool_link list[POOL_USES]; /* loose blocks first, then the one that waits longest */
    u32 count, blocks;
    u32 free; /* how many */
};

/* False: there is not that much memory. Frames that fill no block, or find none, come singly from anywhere. */
bool framepool_init(struct framepool *p, u64 count) must_check;
void framepool_destroy(struct framepool *p);

/* A free frame for this page: its place if possible, else anybody's. FRAME_NONE if there is none. */
u32 framepool_get(struct framepool *p, gfn_t gfn);
/* Only its place in a reservation that exists; FRAME_NONE if that is taken or there is none. */
u32 framepool_get_home(struct framepool *p, gfn_t gfn);
void framepool_put(struct framepool *p, u32 index);

/* Reserve an empty block for gfn's, unless it has a reservation. False: no block is empty. */
bool framepool_reserve(struct framepool *p, gfn_t gfn) must_check;

/*
 * Are all pages of gfn's block in use, each at its place? Then *base is the first frame. A hint: frames may be put as
 * soon as it is given, and a page in use may still be on its way in.
 */
bool framepool_whole(struct framepool *p, gfn_t gfn, pfn_t *base);

/* Is every frame of this frame's block in use, and are they side by side in memory? Without a lock: a hint. */
static inline bool framepool_full(const struct framepool *p, u32 index)
{
    const struct pool_block *b = &p->block[index >> BLOCK_SHIFT];

    return !at_load(&b->free) && !b->loose;
}

static inline pfn_t framepool_pfn(const struct framepool *p, u32 index)
{
    return p->frame[index];
}
