/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk_toy.c: a format that no machine has: nothing is where a reader of the others expects it.
 *
 * Three levels; the frame number stands in bits 59:20; bit 2 set means read-only; there is no dirty bit, and no
 * accessed bit in entries that name a table.
 */
#include "walk.h"

#define PRESENT  BIT(0)
#define TABLE    BIT(1)
#define READONLY BIT(2)
#define EXEC     BIT(3)
#define ACCESSED BIT(4)
#define PFN      0x0ffffffffff00000ull
#define PFN_LOW  20

static struct model_entry decode(u64 raw, unsigned level)
{
    struct model_entry e = {.present = raw & PRESENT,
                            .leaf = !(raw & TABLE),
                            .allows = ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC,
                            .address = (raw & PFN) >> PFN_LOW << PAGE_SHIFT};

    if (!e.present)
        return e;
    if (e.leaf)
        e.allows = ACCESS_READ | (raw & READONLY ? 0 : ACCESS_WRITE) | (raw & EXEC ? ACCESS_EXEC : 0);
    if (!level && !e.leaf)
        e.malformed = "a table below the last level";
    else if (e.leaf && (e.address & ((walk_span(level) << PAGE_SHIFT) - 1)))
        e.malformed = "low address bits of a huge leaf";
    return e;
}

static u64 used(u64 raw, bool leaf, bool write)
{
    (void)write;
    return leaf ? raw | ACCESSED : raw;
}

const struct model_walk walk_toy = {.name = "toy", .levels = 3, .decode = decode, .used = used};
