/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_npt.c: nested paging: long-mode entries, each guest access a user access (APM vol. 2, 5.3 and 15.25.5). */
#include "walk.h"

#define P       BIT(0)
#define RW      BIT(1)
#define US      BIT(2)
#define A       BIT(5)
#define D       BIT(6)
#define PS      BIT(7)
#define NX      BIT(63)
#define ADDRESS 0x000ffffffffff000ull

static struct model_entry decode(u64 raw, unsigned level)
{
    struct model_entry e = {.present = raw & P, .leaf = !level || (raw & PS), .address = raw & ADDRESS};

    if (!e.present)
        return e;
    if (raw & US)
        e.allows = ACCESS_READ | (raw & RW ? ACCESS_WRITE : 0) | (raw & NX ? 0 : ACCESS_EXEC);
    if (level > 2 && (raw & PS))
        e.malformed = "PS is reserved in the top table";
    else if (level && e.leaf && (raw & ADDRESS & ((walk_span(level) << PAGE_SHIFT) - 1) & ~BIT(12)))
        e.malformed = "low address bits of a huge leaf are reserved"; /* bit 12 is PAT */
    if (level && e.leaf)
        e.address &= ~((walk_span(level) << PAGE_SHIFT) - 1);
    return e;
}

static u64 used(u64 raw, bool leaf, bool write)
{
    return raw | A | (leaf && write ? D : 0);
}

const struct model_walk walk_npt = {.name = "npt", .levels = 4, .decode = decode, .used = used};
