/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager_migrate.c: move pages to other frames while the guest runs.
 *
 * As an eviction begins, but the bracket stays open until the contents are in the new frames: faults are sent back for
 * so long, and nobody waits for a store. New frames are there before any page is taken, so that a move cannot fail.
 */
#include "pager.h"
#include "resident.h"
#include "vm.h"

/* Where a page is to go; FRAME_NONE: it stays. */
typedef u32 (*place_fn)(struct framepool *p, gfn_t gfn);

/* Take pages of [start, end), with a new frame for each. */
static void take(struct vm *vm, gfn_t start, gfn_t end, place_fn place, struct batch *b, u32 *frame)
{
    struct slot *s;

    for (gfn_t g = start; !batch_full(b) && (s = resident_find(vm, &g, end)); g.v++) {
        u64 word = at_load(&slot_page(s, g)->word);
        u32 f = (word & PAGE_STATE) == PAGE_RESIDENT ? place(&vm->pager.frames, g) : FRAME_NONE;

        if (f == FRAME_NONE)
            continue;
        if (batch_take(b, s, g, word))
            frame[b->count - 1] = f;
        else
            pager_frame_release(vm, f);
    }
}

static unsigned migrate(struct vm *vm, gfn_t start, gfn_t end, place_fn place)
{
    struct batch b;
    u32 frame[BATCH_MAX];

    batch_begin(vm, &b, "migration");
    take(vm, start, end, place, &b, frame);
    if (b.count)
        batch_unmap(vm, &b);
    for (unsigned i = 0; i < b.count; i++)
        frame[i] = pager_move_page(vm, b.page[i].slot, b.page[i].gfn, frame[i]);
    batch_end(vm, &b);
    for (unsigned i = 0; i < b.count; i++)
        pager_frame_release(vm, frame[i]);
    return b.count;
}

unsigned pager_migrate_range(struct vm *vm, gfn_t start, gfn_t end)
{
    return migrate(vm, start, end, framepool_get);
}

/* Are the pages of [start, end) resident, all of them? */
static bool all_resident(struct slot *s, gfn_t start, gfn_t end)
{
    gfn_t found = start;

    while (start.v < end.v && resident_next(s, &found, end) && found.v == start.v)
        found.v = ++start.v;
    return start.v == end.v;
}

bool pager_gather_block(struct vm *vm, gfn_t gfn)
{
    gfn_t start = {ROUND_DOWN(gfn.v, BLOCK_PAGES)}, end = {start.v + BLOCK_PAGES};
    struct slot *s = slot_find(vm, gfn);
    pfn_t base;

    if (!s || start.v < s->base.v || end.v > s->base.v + s->pages || !all_resident(s, start, end) ||
        !framepool_reserve(&vm->pager.frames, gfn))
        return false;
    for (unsigned i = 0; i < BLOCK_PAGES / BATCH_MAX && migrate(vm, start, end, framepool_get_home); i++)
        ;
    return framepool_whole(&vm->pager.frames, gfn, &base);
}
