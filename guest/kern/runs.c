/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runs.c: the tree of runs: a treap, whose shape follows from a hash of where its nodes lie.
 *
 * So there is nothing to balance, and two operations make all others: cut a tree in two at an address, and join two.
 * Both go down one path, about twice the logarithm of the number of runs.
 */
#include "runs.h"

#define NODES_PER_PAGE (PAGE_SIZE / sizeof(struct run))

static u64 rank(const struct run *x)
{
    return ((uintptr_t)x / 8 * 0x9e3779b97f4a7c15ull) >> 16;
}

static u64 end_of(const struct run *x)
{
    return x->start + x->bytes;
}

static u64 longest(const struct run *x)
{
    return x ? x->longest : 0;
}

static void measure(struct run *x)
{
    x->longest = MAX(x->bytes, MAX(longest(x->left), longest(x->right)));
}

/* Runs that start below `at` go to *low, the others to *high. */
static void cut(struct run *x, u64 at, struct run **low, struct run **high)
{
    if (!x) {
        *low = *high = NULL;
        return;
    }
    if (x->start < at) {
        cut(x->right, at, &x->right, high);
        *low = x;
    } else {
        cut(x->left, at, low, &x->left);
        *high = x;
    }
    measure(x);
}

/* All of low lies below all of high. */
static struct run *join(struct run *low, struct run *high)
{
    struct run *x;

    if (!low || !high)
        return low ? low : high;
    if (rank(low) > rank(high)) {
        x = low;
        x->right = join(low->right, high);
    } else {
        x = high;
        x->left = join(low, high->left);
    }
    measure(x);
    return x;
}

static struct run *lowest(struct run *x)
{
    while (x && x->left)
        x = x->left;
    return x;
}

static struct run *highest(struct run *x)
{
    while (x && x->right)
        x = x->right;
    return x;
}

/* ---- Nodes ---- */

bool runs_hungry(const struct runs *s)
{
    return !s->unused && s->first_used == RUNS_FIRST;
}

static void put_node(struct runs *s, struct run *x)
{
    x->left = s->unused;
    s->unused = x;
}

/* There is one. */
static struct run *new_node(struct runs *s, u64 start, u64 bytes)
{
    struct run *x = s->unused;

    if (x)
        s->unused = x->left;
    else
        x = &s->first[s->first_used++];
    *x = (struct run){.start = start, .bytes = bytes, .longest = bytes};
    return x;
}

void runs_feed(struct runs *s, void *page)
{
    struct run *node = page;

    for (unsigned i = 0; i < NODES_PER_PAGE; i++)
        put_node(s, &node[i]);
}

/* ---- The set ---- */

void runs_init(struct runs *s)
{
    s->root = s->unused = NULL;
    s->first_used = 0;
    s->bytes = 0;
}

void runs_remove(struct runs *s, u64 start, u64 bytes)
{
    struct run *low, *x, *high;
    u64 end = start + bytes, run_end;

    cut(s->root, start + 1, &low, &high);
    cut(low, highest(low)->start, &low, &x);
    run_end = end_of(x);
    if (x->start < start) {
        x->bytes = x->longest = start - x->start;
        low = join(low, x);
        x = run_end > end ? new_node(s, 0, 0) : NULL;
    }
    if (run_end > end) {
        *x = (struct run){.start = end, .bytes = run_end - end, .longest = run_end - end};
        low = join(low, x);
    } else if (x) {
        put_node(s, x);
    }
    s->root = join(low, high);
    s->bytes -= bytes;
}

/* Where the lowest range that fits starts; 0 if none does. */
static u64 find(const struct run *x, u64 bytes, u64 align)
{
    u64 at;

    if (longest(x) < bytes)
        return 0;
    at = find(x->left, bytes, align);
    if (at)
        return at;
    at = ROUND_UP(x->start, align);
    if (at < end_of(x) && end_of(x) - at >= bytes)
        return at;
    return find(x->right, bytes, align);
}

u64 runs_take(struct runs *s, u64 bytes, u64 align)
{
    u64 at = find(s->root, bytes, align);

    if (at)
        runs_remove(s, at, bytes);
    return at;
}

bool runs_find(const struct runs *s, u64 *start, u64 *bytes)
{
    u64 end = *start + *bytes;
    const struct run *at = NULL;

    for (const struct run *x = s->root; x;) {
        if (end_of(x) > *start) {
            at = x;
            x = x->left;
        } else {
            x = x->right;
        }
    }
    if (!at || at->start >= end)
        return false;
    *start = MAX(*start, at->start);
    *bytes = MIN(end, end_of(at)) - *start;
    return true;
}

bool runs_add(struct runs *s, u64 start, u64 bytes)
{
    struct run *low, *high, *before, *after, *x = NULL;
    u64 end = start + bytes;
    bool fits;

    cut(s->root, start, &low, &high);
    before = highest(low);
    after = lowest(high);
    fits = (!before || end_of(before) <= start) && (!after || end <= after->start);
    if (fits) {
        s->bytes += bytes;
        if (after && after->start == end) {
            cut(high, end + 1, &x, &high);
            end = end_of(x);
            put_node(s, x);
        }
        if (before && end_of(before) == start) {
            cut(low, before->start, &low, &x);
            start = x->start;
            put_node(s, x);
        }
        low = join(low, new_node(s, start, end - start));
    }
    s->root = join(low, high);
    return fits;
}

u64 runs_longest(const struct runs *s)
{
    return longest(s->root);
}
