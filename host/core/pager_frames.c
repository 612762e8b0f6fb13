/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_frames.c: bring together pages that need a frame and frames that are free. */
#include "pager.h"
#include "vm.h"
#include "port.h"

u32 pager_frame(struct vm *vm, gfn_t gfn)
{
    u32 f = framepool_get(&vm->pager.frames, gfn);

    if (f != FRAME_NONE)
        return f;
    for (u64 calls = age_calls(vm); f == FRAME_NONE && calls; calls--) {
        (void)pager_reclaim(vm);
        f = framepool_get(&vm->pager.frames, gfn);
    }
    return f;
}

/*
 * Take a free frame for the page that starves longest, and the page; or neither. The frame is that page's own place if
 * it can be, so the two are chosen under one lock.
 */
static bool match(struct pager *p, gfn_t *gfn, u32 *frame)
{
    struct pager_starved *s = &p->starved;

    *frame = FRAME_NONE;
    spin_lock(&s->lock);
    if (s->count) {
        *gfn = s->gfn[s->head];
        /* P4: after the count went up; pairs with pager_frame_release() */
        *frame = framepool_get(&p->frames, *gfn);
    }
    if (*frame != FRAME_NONE) {
        s->head = (s->head + 1) % STARVED_MAX;
        at_sub(&s->count, 1);
    }
    spin_unlock(&s->lock);
    return *frame != FRAME_NONE;
}

void pager_feed(struct vm *vm)
{
    gfn_t gfn;
    u32 frame;

    while (at_load(&vm->pager.starved.count) && match(&vm->pager, &gfn, &frame))
        pager_fill(vm, slot_find_any(vm, gfn), gfn, frame);
}

void pager_starve(struct vm *vm, gfn_t gfn)
{
    struct pager_starved *s = &vm->pager.starved;

    spin_lock(&s->lock);
    check(s->count < STARVED_MAX, "a page that waits for a frame has a ticket");
    s->gfn[(s->head + s->count) % STARVED_MAX] = gfn;
    at_add(&s->count, 1);
    spin_unlock(&s->lock);
    pager_feed(vm);
}

void pager_frame_release(struct vm *vm, u32 frame)
{
    framepool_put(&vm->pager.frames, frame); /* P4: before the count is read; pairs with match() */
    pager_feed(vm);
}
