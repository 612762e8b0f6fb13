/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inv.h: the protocol by which the owner of memory takes pages away from TDP tables that faults are filling (SPEC B).
 *
 * Owner: inv_enter() before it looks any slot up; inv_start(), inv_range_add(), zap and flush in one section of the
 * mapping lock held for write; change what the gfns mean; inv_end() in a second section; inv_leave(). bracket.h does
 * this for a VM. Fault: snapshot, look the page up, then install under the mapping lock only if inv_retry() is false.
 * Brackets nest and overlap; each has a token on its owner's stack, which remembers what that one bracket has done.
 */
#pragma once
#include "lib/lock.h"

#define INV_NONE (~0ull)      /* the hull when no range was added */
#ifndef INV_HOLD_OFF          /* the simulator, where a turn may take long, makes do with fewer */
#define INV_HOLD_OFF 0x10000u /* turns that a new bracket waits for a fault that starves */
#endif

struct inv {
    /* Written with the mapping lock held for write (B1-5). */
    u64 seq;         /* finished invalidations */
    s64 in_progress; /* started and not finished */
    u64 start, end;  /* hull of their gfn ranges, half open */

    struct spinlock lock; /* orders brackets and publications of a slot set; guards the next two; a leaf */
    s64 active;           /* notifier_active: brackets entered and not left (B1-4) */
    u64 published;        /* how many slot sets have been */

    u32 starving; /* vCPUs with a fault that was turned away too often (B4-7) */
    u32 no_hull;  /* 1: a stale check met a bracket without a range (B6-5) */
};

/* One bracket. Begins as {.who = "what is being done"}. */
struct inv_bracket {
    const char *who; /* for messages */
    bool entered, started, ranged;
    u64 published; /* inv.published when it was entered */
};

/* What an inconsistency in the use of this protocol costs (B6): bracket.c. */
enum inv_bug {
    INV_OK,
    INV_NO_RANGE,    /* B6-1: ended, and nobody had added a range */
    INV_UNDERFLOW,   /* B6-2: ended, and never started */
    INV_NO_BRACKET,  /* B6-3: a range outside a bracket */
    INV_EMPTY_RANGE, /* B6-4 */
    INV_NO_HULL,     /* B6-5: a stale check in a section that has no hull */
    INV_NOT_ENTERED, /* B6-6: left, and never entered */
    INV_GHOST,       /* B6-10: this bracket added no range; others, which overlap, did */
    INV_OTHER_SET,   /* B2-9: the slots changed between entry and end */
    INV_UPDATING,    /* B6-9: a slot update found another one unfinished */
};

void inv_init(struct inv *i);

/* Before the first look-up of a slot; no lock held. Waits, a bounded time, for a fault that starves. */
void inv_enter(struct inv *i, struct inv_bracket *b);
enum inv_bug inv_leave(struct inv *i, struct inv_bracket *b) must_check;

/* The mapping lock must be held for write. A result other than INV_OK names a bug of the caller, to be reported. */
void inv_start(struct inv *i, struct inv_bracket *b);
enum inv_bug inv_range_add(struct inv *i, struct inv_bracket *b, gfn_t start, gfn_t end) must_check;
enum inv_bug inv_end(struct inv *i, struct inv_bracket *b) must_check;

/*
 * Around the publication of a slot set: from begin to end no bracket is between entry and leave, nor enters (B5-2).
 * begin waits for those that are; no lock may be held that they need (B5-7). Only a pointer is stored in between.
 */
void inv_publish_begin(struct inv *i);
void inv_publish_end(struct inv *i);

/* B3-1 (1), (2): before the look-up. No lock. */
static inline u64 inv_snapshot(const struct inv *i)
{
    u64 seq = at_load(&i->seq);

    at_fence_rd(); /* P3: pairs with inv_end(): the look-up must not be older than the snapshot (B4-1) */
    return seq;
}

/*
 * B3-2: with the mapping lock held in either mode. True: what was looked up for some gfn of [start, end) may be stale,
 * start over. A huge leaf needs the answer for the whole block that it would map (B3-10).
 */
static inline bool inv_retry_range(struct inv *i, u64 seq, gfn_t start, gfn_t end)
{
    if (at_load(&i->in_progress) > 0) {
        u64 from = at_load(&i->start), to = at_load(&i->end);

        if (from == INV_NONE)
            at_store(&i->no_hull, 1);
        if (from == INV_NONE || (start.v < to && from < end.v))
            return true;
    }
    at_fence_rd(); /* P3: count before seq; pairs with inv_end() (B4-2) */
    return at_load(&i->seq) != seq;
}

static inline bool inv_retry(struct inv *i, u64 seq, gfn_t gfn)
{
    return inv_retry_range(i, seq, gfn, (gfn_t){gfn.v + 1});
}

/*
 * B3-4: the same question without the lock, to keep a fault that would retry anyway out of the invalidator's way. Wrong
 * either way at times, so it decides nothing: inv_retry() follows under the lock.
 */
static inline bool inv_retry_unlocked(const struct inv *i, u64 seq, gfn_t gfn)
{
    if (at_load(&i->in_progress) > 0 && gfn.v >= at_load(&i->start) && gfn.v < at_load(&i->end))
        return true;
    return at_load(&i->seq) != seq;
}
