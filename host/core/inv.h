/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inv.h: the protocol by which the owner of memory takes pages away from TDP tables that faults are filling (SPEC B).
 *
 * Owner: inv_start(), inv_range_add(), zap and flush in one section of the mapping lock held for write; change what the
 * gfns mean; inv_end() in a second section. Fault: snapshot, look the page up, then install under the mapping lock only
 * if inv_retry() is false. Brackets nest and overlap.
 */
#pragma once
#include "lib/atomic.h"

#define INV_NONE (~0ull) /* the hull when no range was added */

struct inv {
    u64 seq;         /* finished invalidations */
    s64 in_progress; /* started and not finished */
    u64 start, end;  /* hull of their gfn ranges, half open */
};

/* What an inconsistency in the use of this protocol costs (B6). */
enum inv_bug { INV_OK, INV_NO_RANGE, INV_UNDERFLOW, INV_NO_BRACKET, INV_EMPTY_RANGE };

void inv_init(struct inv *i);

/* The mapping lock must be held for write. A result other than INV_OK names a bug of the caller, to be reported. */
void inv_start(struct inv *i);
enum inv_bug inv_range_add(struct inv *i, gfn_t start, gfn_t end) must_check;
enum inv_bug inv_end(struct inv *i) must_check;

/* B3-1 (1), (2): before the look-up. No lock. */
static inline u64 inv_snapshot(const struct inv *i)
{
    u64 seq = at_load(&i->seq);

    at_fence_rd(); /* P3: pairs with inv_end(): the look-up must not be older than the snapshot (B4-1) */
    return seq;
}

/* B3-2: with the mapping lock held in either mode. True: what was looked up for gfn may be stale, start over. */
static inline bool inv_retry(const struct inv *i, u64 seq, gfn_t gfn)
{
    if (at_load(&i->in_progress) > 0) {
        u64 start = at_load(&i->start), end = at_load(&i->end);

        if (start == INV_NONE || (gfn.v >= start && gfn.v < end))
            return true;
    }
    at_fence_rd(); /* P3: count before seq; pairs with inv_end() (B4-2) */
    return at_load(&i->seq) != seq;
}
