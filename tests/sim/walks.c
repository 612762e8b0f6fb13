/* SPDX-License-Identifier: BSD-2-Clause */
/* walks.c: entries of every format, bit by bit, and what each says (SPEC C1.1). */
#include "walks.h"
#include "walk.h"
#include <stdio.h>

#define R   ACCESS_READ
#define W   ACCESS_WRITE
#define X   ACCESS_EXEC
#define MEM 0x40000000ull /* aligned for a leaf of any size */

enum is { ABSENT, TABLE, LEAF, BAD, UNSETTLED };

static const struct sample {
    const struct model_walk *walk;
    unsigned level;
    u64 raw;
    enum is is;
    u32 allows;
    u64 after_read, after_write; /* what using the entry leaves */
} samples[] = {
    {&walk_npt, 0, 0, ABSENT, 0, 0, 0},
    {&walk_npt, 0, BIT(52) | 2, ABSENT, 0, 0, 0},
    {&walk_npt, 0, MEM | 0x7, LEAF, R | W | X, MEM | 0x27, MEM | 0x67},
    {&walk_npt, 0, MEM | 0x5, LEAF, R | X, MEM | 0x25, 0},
    {&walk_npt, 0, MEM | 0x7 | BIT(63), LEAF, R | W, MEM | 0x27 | BIT(63), MEM | 0x67 | BIT(63)},
    {&walk_npt, 0, MEM | 0x3, LEAF, 0, 0, 0}, /* a supervisor page: no guest access may use it */
    {&walk_npt, 1, MEM | 0x87, LEAF, R | W | X, MEM | 0xa7, MEM | 0xe7},
    {&walk_npt, 1, MEM | 0x2000 | 0x87, BAD, 0, 0, 0},
    {&walk_npt, 2, MEM | 0x7, TABLE, R | W | X, MEM | 0x27, MEM | 0x27},
    {&walk_npt, 3, MEM | 0x87, BAD, 0, 0, 0},
    {&walk_ept, 0, BIT(63), ABSENT, 0, 0, 0},
    {&walk_ept, 0, MEM | 0x37, LEAF, R | W | X, MEM | 0x137, MEM | 0x337},
    {&walk_ept, 0, MEM | 0x35, LEAF, R | X, MEM | 0x135, 0},
    {&walk_ept, 0, MEM | 0x32, BAD, 0, 0, 0}, /* writable, not readable */
    {&walk_ept, 0, MEM | 0x17, BAD, 0, 0, 0}, /* memory type 2 */
    {&walk_ept, 1, MEM | 0xb3, LEAF, R | W, MEM | 0x1b3, MEM | 0x3b3},
    {&walk_ept, 1, MEM | 0x37, BAD, 0, 0, 0}, /* a table with a memory type */
    {&walk_ept, 3, MEM | 0x7, TABLE, R | W | X, MEM | 0x107, MEM | 0x107},
    {&walk_ept_noad, 0, MEM | 0x37, LEAF, R | W | X, MEM | 0x37, MEM | 0x37},
    {&walk_s2, 0, 0, ABSENT, 0, 0, 0},
    {&walk_s2, 0, MEM | 0x7c1, ABSENT, 0, 0, 0}, /* at the last level 01 is reserved, and invalid */
    {&walk_s2, 0, MEM | 0x3c3, LEAF, R | W | X, MEM | 0x7c3, MEM | 0x7c3},
    {&walk_s2, 0, MEM | 0x743, LEAF, R | X, MEM | 0x743, 0},
    {&walk_s2, 0, MEM | 0x743 | BIT(51), LEAF, R | W | X, MEM | 0x743 | BIT(51), MEM | 0x7c3 | BIT(51)},
    {&walk_s2, 0, MEM | 0x7c3 | BIT(54), LEAF, R | W, MEM | 0x7c3 | BIT(54), MEM | 0x7c3 | BIT(54)},
    {&walk_s2, 1, MEM | 0x7c1, LEAF, R | W | X, MEM | 0x7c1, MEM | 0x7c1},
    {&walk_s2, 1, MEM | 0x3, TABLE, R | W | X, MEM | 0x3, MEM | 0x3},
    {&walk_s2, 3, MEM | 0x7c1, BAD, 0, 0, 0},
    {&walk_s2_noaf, 0, MEM | 0x3c3, UNSETTLED, R | W | X, 0, 0},
    {&walk_s2_noaf, 0, MEM | 0x743 | BIT(51), LEAF, R | X, MEM | 0x743 | BIT(51), 0},
    {&walk_toy, 0, BIT(61), ABSENT, 0, 0, 0},
    {&walk_toy, 0, BIT(60), ABSENT, 0, 0, 0},
    {&walk_toy, 0, MEM << 8 | 0x9, LEAF, R | W | X, MEM << 8 | 0x19, MEM << 8 | 0x19},
    {&walk_toy, 0, MEM << 8 | 0x5, LEAF, R, MEM << 8 | 0x15, 0},
    {&walk_toy, 1, MEM << 8 | 0x3, TABLE, R | W | X, MEM << 8 | 0x3, MEM << 8 | 0x3},
    {&walk_toy, 2, MEM << 8 | 0x1, LEAF, R | W, MEM << 8 | 0x11, MEM << 8 | 0x11},
    {&walk_toy, 0, MEM << 8 | 0x3, BAD, 0, 0, 0},
};

static enum is what(const struct model_entry *e)
{
    if (e->malformed)
        return BAD;
    if (!e->present)
        return ABSENT;
    if (e->unsettled)
        return UNSETTLED;
    return e->leaf ? LEAF : TABLE;
}

static bool right(const struct sample *s)
{
    struct model_entry e = s->walk->decode(s->raw, s->level);

    if (what(&e) != s->is)
        return false;
    if (s->is == ABSENT || s->is == BAD)
        return true;
    if (e.allows != s->allows || e.address != MEM)
        return false;
    if (s->after_read && s->walk->used(s->raw, e.leaf, false) != s->after_read)
        return false;
    return !s->after_write || s->walk->used(s->raw, e.leaf, true) == s->after_write;
}

bool walks_right(void)
{
    bool all = true;

    for (unsigned i = 0; i < ARRAY_SIZE(samples); i++)
        if (!right(&samples[i])) {
            printf("# %s entry 0x%lx at level %u is misread\n", samples[i].walk->name, samples[i].raw,
                   samples[i].level);
            all = false;
        }
    return all;
}
