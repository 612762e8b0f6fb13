/* SPDX-License-Identifier: BSD-2-Clause */
/* inv.c: tell a fault that the page it looked up has moved. */
#include "inv.h"

void inv_init(struct inv *i)
{
    *i = (struct inv){.start = INV_NONE, .end = INV_NONE};
}

void inv_start(struct inv *i)
{
    s64 n = at_load(&i->in_progress) + 1;

    at_store(&i->in_progress, n);
    if (n == 1) {
        at_store(&i->start, INV_NONE);
        at_store(&i->end, INV_NONE);
    }
}

enum inv_bug inv_range_add(struct inv *i, gfn_t start, gfn_t end)
{
    if (at_load(&i->in_progress) <= 0)
        return INV_NO_BRACKET;
    if (start.v >= end.v)
        return INV_EMPTY_RANGE;
    if (at_load(&i->start) == INV_NONE) {
        at_store(&i->start, start.v);
        at_store(&i->end, end.v);
        return INV_OK;
    }
    at_store(&i->start, MIN(at_load(&i->start), start.v));
    at_store(&i->end, MAX(at_load(&i->end), end.v));
    return INV_OK;
}

enum inv_bug inv_end(struct inv *i)
{
    s64 left = at_load(&i->in_progress) - 1;

    at_store(&i->seq, at_load(&i->seq) + 1);
    at_fence_wr(); /* P3: seq before count; pairs with inv_retry() (B2-7, B4-2) */
    at_store(&i->in_progress, left);
    if (left < 0)
        return INV_UNDERFLOW;
    /* Not guarded by the count, which would make the check void for a single bracket (B6-1). */
    return at_load(&i->start) == INV_NONE ? INV_NO_RANGE : INV_OK;
}
