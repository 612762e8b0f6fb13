/* SPDX-License-Identifier: BSD-2-Clause */
/* inv.c: tell a fault that the page it looked up has moved. */
#include "inv.h"

void inv_init(struct inv *i)
{
    *i = (struct inv){.start = INV_NONE, .end = INV_NONE};
}

/*
 * B4-7 (c): an endless chain of overlapping brackets would turn a fault inside their hull away for ever. A new one
 * gives it a chance to find none. Bounded: the fault may be that of a vCPU of this very CPU, which only runs after us.
 */
static void hold_off(const struct inv *i)
{
    for (u32 turns = 0; at_load(&i->starving) && turns < INV_HOLD_OFF; turns++)
        at_relax();
}

void inv_enter(struct inv *i, struct inv_bracket *b)
{
    hold_off(i);
    spin_lock(&i->lock);
    at_store(&i->active, at_load(&i->active) + 1);
    b->published = at_load(&i->published);
    spin_unlock(&i->lock);
    b->entered = true;
}

enum inv_bug inv_leave(struct inv *i, struct inv_bracket *b)
{
    enum inv_bug bug = INV_OK;

    spin_lock(&i->lock);
    if (b->entered && at_load(&i->active) > 0)
        at_store(&i->active, at_load(&i->active) - 1);
    else
        bug = INV_NOT_ENTERED;
    spin_unlock(&i->lock);
    b->entered = false;
    return bug;
}

void inv_start(struct inv *i, struct inv_bracket *b)
{
    s64 n = at_load(&i->in_progress) + 1;

    b->started = true;
    b->ranged = false;
    at_store(&i->in_progress, n);
    if (n == 1) {
        at_store(&i->start, INV_NONE);
        at_store(&i->end, INV_NONE);
    }
}

enum inv_bug inv_range_add(struct inv *i, struct inv_bracket *b, gfn_t start, gfn_t end)
{
    if (!b->started || at_load(&i->in_progress) <= 0)
        return INV_NO_BRACKET;
    if (start.v >= end.v)
        return INV_EMPTY_RANGE;
    b->ranged = true;
    if (at_load(&i->start) == INV_NONE) {
        at_store(&i->start, start.v);
        at_store(&i->end, end.v);
        return INV_OK;
    }
    at_store(&i->start, MIN(at_load(&i->start), start.v));
    at_store(&i->end, MAX(at_load(&i->end), end.v));
    return INV_OK;
}

enum inv_bug inv_end(struct inv *i, struct inv_bracket *b)
{
    s64 left = at_load(&i->in_progress) - 1;
    bool started = b->started;

    b->started = false;
    at_store(&i->seq, at_load(&i->seq) + 1);
    at_fence_wr(); /* P3: seq before count; pairs with inv_retry() (B2-7, B4-2) */
    at_store(&i->in_progress, left);
    if (left < 0 || !started)
        return INV_UNDERFLOW;
    if (b->entered && b->published != at_load(&i->published))
        return INV_OTHER_SET;
    /* Not guarded by the count, which would make the check void for a single bracket (B6-1). */
    if (at_load(&i->start) == INV_NONE)
        return INV_NO_RANGE;
    return b->ranged ? INV_OK : INV_GHOST;
}

void inv_publish_begin(struct inv *i)
{
    for (;;) {
        spin_lock(&i->lock);
        if (!at_load(&i->active))
            return;
        spin_unlock(&i->lock);
        at_relax();
    }
}

void inv_publish_end(struct inv *i)
{
    at_store(&i->published, at_load(&i->published) + 1);
    spin_unlock(&i->lock);
}
