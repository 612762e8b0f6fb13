/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: the owner of guest memory: takes pages from the tree, moves them, and wants to know what was written. */
#include "memory.h"
#include <string.h>

#define HOMES       4u /* frames of each page: two in order, two scattered */
#define FIRST       (1ull << 19)
#define GIANT_FIRST (1ull << 20)

struct vm stress_vm;
struct epoch stress_epoch;
unsigned memory_done[OWNER_ACTS];

static struct frame frame[PAGES * HOMES];
static u32 home[PAGES];    /* which of its frames a page is in */
static u32 dirtied[PAGES]; /* tdp_dirtied() was called since it got there */

static u64 frame_index(u64 gfn, u32 h)
{
    u64 block = gfn / BLOCK_PAGES, page = gfn % BLOCK_PAGES;

    return block * HOMES * BLOCK_PAGES +
           (h < 2 ? h * BLOCK_PAGES + page : 2 * BLOCK_PAGES + 2 * page + h - 2);
}

void memory_init(const struct tdp_ops *ops, bool nx)
{
    memset(frame, 0, sizeof(frame));
    memset(dirtied, 0, sizeof(dirtied));
    for (u64 i = 0; i < PAGES; i++) {
        home[i] = 0;
        frame[frame_index(i, 0)].used = 1;
    }
    epoch_init(&stress_epoch);
    inv_init(&stress_vm.inv);
    tdp_init(&stress_vm.tdp, &stress_vm, ops, &stress_epoch);
    stress_vm.tdp.nx.on = nx;
}

static bool in_order(u64 block)
{
    u32 h = at_load(&home[block * BLOCK_PAGES]);

    for (u64 i = 1; i < BLOCK_PAGES; i++)
        if (at_load(&home[block * BLOCK_PAGES + i]) != h)
            return false;
    return h < 2;
}

pfn_t memory_find(gfn_t gfn, unsigned *level)
{
    *level = 2;
    if (gfn.v >= GIANT)
        return (pfn_t){GIANT_FIRST + gfn.v - GIANT};
    *level = in_order(gfn.v / BLOCK_PAGES);
    return (pfn_t){FIRST + frame_index(gfn.v, at_load(&home[gfn.v]))};
}

void memory_touch(gfn_t gfn, pfn_t pfn, bool write)
{
    struct frame *f;

    if (gfn.v >= GIANT) {
        must(pfn.v - GIANT_FIRST == gfn.v - GIANT, "a guest reaches the frame of its page");
        return;
    }
    must(pfn.v - FIRST < PAGES * HOMES, "a guest reaches a frame");
    f = &frame[pfn.v - FIRST];
    must(f->used, "H-B-14: a guest reaches no frame that was taken from it");
    if (write)
        at_store(&f->written, 1);
}

/* tdp.h */
void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    (void)vm;
    for (u64 i = start.v; i < start.v + pages && i < PAGES; i++)
        at_store(&dirtied[i], 1);
}

/* Unmapped and flushed: nobody reaches the page any more. */
static void move(u64 gfn, u32 to)
{
    struct frame *old = &frame[frame_index(gfn, at_load(&home[gfn]))];

    must(!at_load(&old->written) || at_load(&dirtied[gfn]), "C3-6: what was written is told before it moves");
    old->used = 0;
    at_store(&home[gfn], to);
    frame[frame_index(gfn, to)] = (struct frame){.used = 1};
    at_store(&dirtied[gfn], 0);
}

/* The run that no page of the block is in. */
static u32 free_run(u64 first)
{
    for (u64 i = first; i < first + BLOCK_PAGES; i++)
        if (at_load(&home[i]) < 2)
            return 1 - at_load(&home[i]);
    return 0;
}

/* One bracket around [start, end), in which each page goes to `to` or, if it has no such frame, stays. */
static void bracket(u64 start, u64 end, u32 to, struct tdp_cache *c, bool slowly)
{
    struct tdp *t = &stress_vm.tdp;
    struct inv_bracket b = {.who = "stress"};
    struct tdp_gather g = {0};

    inv_enter(&stress_vm.inv, &b);
    write_lock(&t->lock);
    inv_start(&stress_vm.inv, &b);
    must(inv_range_add(&stress_vm.inv, &b, (gfn_t){start}, (gfn_t){end}) == INV_OK,
         "the bracket has a range");
    if (!slowly)
        tdp_zap(t, (gfn_t){start}, (gfn_t){end}, c, &g);
    tdp_commit(t, &g);
    write_unlock(&t->lock);
    if (slowly)
        tdp_zap_slowly(t, (gfn_t){start}, (gfn_t){end});
    for (u64 i = start; i < end && to < HOMES; i++)
        move(i, to == at_load(&home[i]) ? to ^ 1 : to);
    write_lock(&t->lock);
    must(inv_end(&stress_vm.inv, &b) == INV_OK, "the bracket ends as it began");
    write_unlock(&t->lock);
    must(inv_leave(&stress_vm.inv, &b) == INV_OK, "the bracket was entered");
}

static void switch_log(u64 *seed)
{
    struct tdp *t = &stress_vm.tdp;
    u32 to = number(seed, 8);

    write_lock(&t->lock);
    at_store(&t->log, to > 1 ? TDP_LOG_OFF : to ? TDP_LOG_WRITE_PROTECT : TDP_LOG_DIRTY_BIT);
    write_unlock(&t->lock);
}

void memory_churn(u64 *seed)
{
    u64 first = number(seed, BLOCKS) * BLOCK_PAGES, at = first + number(seed, BLOCK_PAGES);
    struct tdp_cache c = {0};
    u32 what = number(seed, 16);

    epoch_collect(&stress_epoch);
    if (what < 8) {
        u64 pages_to_go = 1 + number(seed, 24), end = MIN(at + pages_to_go, first + BLOCK_PAGES);
        bool pages = number(seed, 4) && tdp_cache_fill(&c);

        bracket(at, end, 2 + number(seed, HOMES), pages ? &c : NULL, false);
        tdp_cache_drain(&c);
        memory_done[OWNER_MOVED]++;
    } else if (what < 13) {
        bracket(first, first + BLOCK_PAGES, free_run(first), NULL, false);
        memory_done[OWNER_GATHERED]++;
    } else if (what == 13) {
        bracket(number(seed, 2) ? 0 : GIANT, 2 * GIANT, HOMES, NULL, true);
        memory_done[OWNER_UNMAPPED]++;
    } else if (what == 14) {
        tdp_zap_all(&stress_vm.tdp);
        memory_done[OWNER_TORN_DOWN]++;
    } else {
        switch_log(seed);
        memory_done[OWNER_LOG]++;
    }
}
