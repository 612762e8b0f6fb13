/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx.h: the tables that exist only because huge leaves are not executable while the mitigation is on (SPEC C10).
 *
 * Some CPUs stop when an instruction fetch meets a page size that changes (iTLB multi-hit): huge leaves are then made
 * non-executable, and a fetch gets 4 KiB leaves. What is listed here, oldest first, is given back to huge leaves by and
 * by. Only tables of 4 KiB leaves are listed: what was 1 GiB comes back as 2 MiB.
 *
 * An entry that points to a listed table has the format's nx_split bit, and so has no other entry of a valid root, for
 * whoever holds the mapping lock for write. Under it for read, a table is linked first and listed then, and taken off
 * first and unlinked then: who takes it off unlinks it, once in all (C10-7).
 */
#pragma once
#include "lib/lock.h"

#ifndef NX_LISTED_MAX      /* the explorer copies it with every state, and makes do with fewer */
#define NX_LISTED_MAX 4096 /* further tables are split unlisted, and stay so until they are zapped */
#endif

struct tdp_root;

struct nx_table {
    struct tdp_root *root;
    gfn_t gfn; /* first of the 2 MiB that the table maps */
};

struct nx {
    bool on;       /* new huge leaves are not executable; changed by nx_set() only, like … */
    bool enforced; /* … this: nor are those that valid roots have */
    struct spinlock lock;
    u32 head, listed;                /* ring, oldest first; written with the lock held */
    u32 reserved;                    /* places for tables that are being linked */
    u64 splits, recovered, unlisted; /* by atomics */
    struct nx_table table[NX_LISTED_MAX];
};

/*
 * A place for a table that is about to be linked with nx_split set, and then either listed or not linked after all.
 * False: there is none, or the mitigation is off; link the table without that bit.
 */
bool nx_reserve(struct nx *n) must_check;
void nx_list(struct nx *n, struct tdp_root *root, gfn_t gfn);
void nx_cancel(struct nx *n);
/* The entry with nx_split at gfn was zapped. Nothing, if it is not listed. Mapping lock held for write. */
void nx_unlist(struct nx *n, struct tdp_root *root, gfn_t gfn);
/* Take the oldest off, and the duty to zap it. False: there is none. */
bool nx_take(struct nx *n, struct nx_table *out) must_check;
/* Forget all: their roots become invalid. Mapping lock held for write. */
void nx_clear(struct nx *n);
