/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h: how hardware reads a second-stage table entry, one description for each format (SPEC C1.1).
 *
 * Written from the manuals, not from the core: the two must agree without having met. Levels: 0 = 4 KiB, 1 = 2 MiB,
 * 2 = 1 GiB.
 */
#pragma once
#include "exit.h"

/* What an entry means at its level. */
struct model_entry {
    bool present, leaf;
    u32 allows;            /* ACCESS_* */
    u64 address;           /* of the table, or of the first frame */
    bool unsettled;        /* its access flag is clear and hardware does not set it: the access faults */
    const char *malformed; /* reserved bits, misconfiguration; NULL = none */
};

struct model_walk {
    const char *name;
    unsigned levels;
    struct model_entry (*decode)(u64 raw, unsigned level);
    /* The entry as hardware leaves it after using it: accessed, and dirty if `write` went through this leaf. */
    u64 (*used)(u64 raw, bool leaf, bool write);
};

extern const struct model_walk walk_npt, walk_ept, walk_ept_noad, walk_s2, walk_s2_noaf, walk_toy;

#define WALK_ENTRIES 512u

static inline unsigned walk_index(gfn_t gfn, unsigned level)
{
    return (gfn.v >> 9 * level) % WALK_ENTRIES;
}

/* How many gfns an entry at `level` spans. */
static inline u64 walk_span(unsigned level)
{
    return 1ull << 9 * level;
}
