/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk_s2.c: arm64 stage 2, 4 KiB granule, with and without hardware's access flag and dirty state (Arm ARM D8).
 *
 * Level 0 here is the architecture's level 3. DBM says that hardware may set S2AP[1], the permission to write, which
 * makes that the dirty bit.
 */
#include "walk.h"

#define VALID   BIT(0)
#define TABLE   BIT(1) /* a table, or at the last level a page; clear: a block */
#define S2AP_R  BIT(6)
#define S2AP_W  BIT(7)
#define AF      BIT(10)
#define DBM     BIT(51)
#define XN      BIT(54) /* with bit 53 clear: no execution at all */
#define ADDRESS 0x0000fffffffff000ull

static struct model_entry plain(u64 raw, unsigned level)
{
    struct model_entry e = {
        .present = raw & VALID, .leaf = !level || !(raw & TABLE), .address = raw & ADDRESS};

    if (!e.present)
        return e;
    e.allows = ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC;
    if (!level && !(raw & TABLE))
        e.present = false; /* reserved, treated as invalid */
    if (!e.leaf)
        return e;
    e.allows =
        (raw & S2AP_R ? ACCESS_READ : 0) | (raw & S2AP_W ? ACCESS_WRITE : 0) | (raw & XN ? 0 : ACCESS_EXEC);
    if (level > 2)
        e.malformed = "no block at this level";
    else if (raw & ADDRESS & ((walk_span(level) << PAGE_SHIFT) - 1))
        e.malformed = "low address bits of a block";
    return e;
}

static struct model_entry decode(u64 raw, unsigned level)
{
    struct model_entry e = plain(raw, level);

    if (e.present && e.leaf && (raw & DBM))
        e.allows |= ACCESS_WRITE;
    return e;
}

static u64 used(u64 raw, bool leaf, bool write)
{
    if (!leaf)
        return raw;
    return raw | AF | (write && (raw & DBM) ? S2AP_W : 0);
}

static struct model_entry decode_noaf(u64 raw, unsigned level)
{
    struct model_entry e = plain(raw, level);

    e.unsettled = e.present && e.leaf && !(raw & AF);
    return e;
}

static u64 unchanged(u64 raw, bool leaf, bool write)
{
    (void)leaf, (void)write;
    return raw;
}

const struct model_walk walk_s2 = {.name = "s2", .levels = 4, .decode = decode, .used = used};
const struct model_walk walk_s2_noaf = {
    .name = "s2-noaf", .levels = 4, .decode = decode_noaf, .used = unchanged};
