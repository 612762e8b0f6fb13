/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_ept.c: extended page tables, with and without accessed and dirty flags in EPTP (SDM vol. 3, 28.3). */
#include "walk.h"

#define R       BIT(0)
#define W       BIT(1)
#define X       BIT(2)
#define TYPE    (7ull << 3)
#define HUGE    BIT(7)
#define A       BIT(8)
#define D       BIT(9)
#define ADDRESS 0x000ffffffffff000ull

static bool type_is_reserved(u64 raw)
{
    u64 type = (raw & TYPE) >> 3;

    return type == 2 || type == 3 || type == 7;
}

static const char *misconfigured(u64 raw, unsigned level, bool leaf)
{
    if ((raw & W) && !(raw & R))
        return "writable and not readable";
    if (level > 2 && (raw & HUGE))
        return "bit 7 is reserved in the top table";
    if (!leaf && (raw & (TYPE | BIT(6))))
        return "bits 6:3 of an entry that names a table are reserved";
    if (leaf && type_is_reserved(raw))
        return "reserved memory type";
    if (leaf && (raw & ADDRESS & ((walk_span(level) << PAGE_SHIFT) - 1)))
        return "low address bits of a huge leaf are reserved";
    return NULL;
}

static struct model_entry decode(u64 raw, unsigned level)
{
    struct model_entry e = {.present = raw & (R | W | X),
                            .leaf = !level || (raw & HUGE),
                            .allows = (raw & R ? ACCESS_READ : 0) | (raw & W ? ACCESS_WRITE : 0) |
                                      (raw & X ? ACCESS_EXEC : 0),
                            .address = raw & ADDRESS};

    if (e.present)
        e.malformed = misconfigured(raw, level, e.leaf);
    return e;
}

static u64 used(u64 raw, bool leaf, bool write)
{
    return raw | A | (leaf && write ? D : 0);
}

static u64 unchanged(u64 raw, bool leaf, bool write)
{
    (void)leaf, (void)write;
    return raw;
}

const struct model_walk walk_ept = {.name = "ept", .levels = 4, .decode = decode, .used = used};
const struct model_walk walk_ept_noad = {
    .name = "ept-noad", .levels = 4, .decode = decode, .used = unchanged};
