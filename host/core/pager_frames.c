/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_frames.c: bring together pages that need a frame and frames that are free. */
#include "pager.h"
#include "vm.h"
#include "port.h"

u32 pager_frame(struct vm *vm)
{
    /* Two passes of the clock hand over all frames find a victim if there is one. */
    u32 tries = 2 * vm->pager.frames.count / EVICT_SCAN + 2;
    u32 f = framepool_get(&vm->pager.frames);

    while (f == FRAME_NONE && tries--) {
        (void)pager_reclaim(vm);
        f = framepool_get(&vm->pager.frames);
    }
    return f;
}

static bool pop(struct pager_starved *s, gfn_t *gfn)
{
    bool any;

    spin_lock(&s->lock);
    any = s->count;
    if (any) {
        *gfn = s->gfn[s->head];
        s->head = (s->head + 1) % STARVED_MAX;
        at_sub(&s->count, 1);
    }
    spin_unlock(&s->lock);
    return any;
}

void pager_feed(struct vm *vm)
{
    struct pager *p = &vm->pager;
    gfn_t gfn;
    u32 frame;

    while (at_load(&p->starved.count)) {
        frame = framepool_get(&p->frames); /* P4: after the count went up; pairs with pager_frame_release() */
        if (frame == FRAME_NONE)
            return;
        if (pop(&p->starved, &gfn))
            pager_fill(vm, slot_find(vm, gfn), gfn, frame);
        else
            framepool_put(&p->frames, frame);
    }
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
    framepool_put(&vm->pager.frames, frame); /* P4: a full barrier; pairs with pager_feed() */
    pager_feed(vm);
}
