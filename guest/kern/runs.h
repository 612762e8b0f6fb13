/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runs.h: a set of pages, kept as runs that do not touch each other.
 *
 * The runs are nodes of a search tree in the order of their addresses that knows of each subtree its longest run. The
 * set does not lock, and never touches the pages in it.
 */
#pragma once
#include "lib/types.h"

#define RUNS_FIRST 8 /* nodes that need no page */

struct run {
    struct run *left, *right; /* left also links the unused ones */
    u64 start, bytes;
    u64 longest; /* run in this subtree, in bytes */
};

struct runs {
    struct run *root, *unused;
    unsigned first_used;
    u64 bytes; /* in all */
    struct run first[RUNS_FIRST];
};

void runs_init(struct runs *s);

/* The functions below take at most one node each. If the set is hungry, it is first fed a page, which it keeps. */
bool runs_hungry(const struct runs *s);
void runs_feed(struct runs *s, void *page);

/* All addresses and lengths are multiples of PAGE_SIZE, none is 0. */

/* false, and nothing is changed, if a page of the range is in the set already. */
must_check bool runs_add(struct runs *s, u64 start, u64 bytes);
/* Takes the lowest range that starts at a multiple of align; 0 if there is none. A single page takes no node. */
must_check u64 runs_take(struct runs *s, u64 bytes, u64 align);
/* The lowest part of the range that is in the set: its start and length; false if there is none. */
bool runs_find(const struct runs *s, u64 *start, u64 *bytes);
/* Takes the range out, all of which is in the set. */
void runs_remove(struct runs *s, u64 start, u64 bytes);
/* The longest run. */
u64 runs_longest(const struct runs *s);
