/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_hw.h: what hardware makes of table entries, for each format, in numbers written down apart from the product's.
 *
 * hw_access() is one access of a guest: a walk from the root that sets accessed and dirty bits where the real walker
 * does. Bits 1 << n are those of the manuals (APM 15.25, SDM 29.3.2, Arm ARM D8.3); the toy's are its own.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "exit.h"
#include "port.h"
#include "tdp.h"

struct hw {
    const char *name;
    const struct tdp_ops *ops;
    unsigned levels;
    u64 none, frozen;
    u64 valid;      /* the entry exists, if any of these is set */
    u64 kind, leaf; /* above level 0: a leaf if the bits of `kind` are those of `leaf` */
    unsigned pfn_shift, pfn_width;
    u64 r, x;       /* needed to read, to execute */
    u64 w;          /* one of these is needed to write */
    u64 no_w, no_x; /* forbid it */
    u64 a, d;       /* set by the walker in leaves */
    u64 table_a;    /* set by the walker in tables */
    u64 fault_a;    /* a leaf without it faults */
    u64 accessed;   /* the accessed bit, whoever sets it */
};

#define HW_EPT                                                                                             \
    .levels = 4, .none = BIT(63), .frozen = BIT(63) | BIT(52), .valid = 7, .kind = BIT(7), .leaf = BIT(7), \
    .pfn_shift = 12, .pfn_width = 40, .r = BIT(0), .w = BIT(1), .x = BIT(2), .accessed = BIT(8)
#define HW_S2                                                                                              \
    .levels = 4, .none = 0, .frozen = BIT(1), .valid = BIT(0), .kind = BIT(1), .leaf = 0, .pfn_shift = 12, \
    .pfn_width = 36, .r = BIT(6), .no_x = BIT(54), .accessed = BIT(10)

static const struct hw hw_formats[] = {
    {.name = "npt",
     .ops = &tdp_npt,
     .levels = 4,
     .none = 0,
     .frozen = BIT(52),
     .valid = BIT(0),
     .kind = BIT(7),
     .leaf = BIT(7),
     .pfn_shift = 12,
     .pfn_width = 40,
     .r = BIT(2),
     .w = BIT(1),
     .no_x = BIT(63),
     .a = BIT(5),
     .table_a = BIT(5),
     .accessed = BIT(5),
     .d = BIT(6)},
    {.name = "ept", .ops = &tdp_ept, HW_EPT, .a = BIT(8), .table_a = BIT(8), .d = BIT(9)},
    {.name = "ept_noad", .ops = &tdp_ept_noad, HW_EPT},
    {.name = "s2", .ops = &tdp_s2, HW_S2, .w = BIT(51) | BIT(7), .a = BIT(10), .d = BIT(7)},
    {.name = "s2_soft", .ops = &tdp_s2_soft, HW_S2, .w = BIT(7), .fault_a = BIT(10)},
    {.name = "toy",
     .ops = &tdp_toy,
     .levels = 3,
     .none = BIT(61),
     .frozen = BIT(60),
     .valid = BIT(0),
     .kind = BIT(1),
     .leaf = 0,
     .pfn_shift = 20,
     .pfn_width = 40,
     .w = ~0ull,
     .no_w = BIT(2),
     .x = BIT(3),
     .a = BIT(4),
     .accessed = BIT(4)},
};

static inline u64 hw_pfn(const struct hw *h, u64 entry)
{
    return entry >> h->pfn_shift & (BIT(h->pfn_width) - 1);
}

static inline bool hw_is_leaf(const struct hw *h, u64 entry, unsigned level)
{
    return (entry & h->valid) && (level == 0 || (entry & h->kind) == h->leaf);
}

/* The entry of `level` that a walk for gfn meets; NULL: the walk ends further up. */
static inline u64 *hw_entry(const struct hw *h, hpa_t root, u64 gfn, unsigned level)
{
    u64 *table = port_map(root);

    for (unsigned l = h->levels - 1; l > level; l--) {
        u64 e = __atomic_load_n(&table[gfn >> (9 * l) & 511], __ATOMIC_ACQUIRE);

        if (!(e & h->valid) || hw_is_leaf(h, e, l))
            return NULL;
        table = port_map((hpa_t){hw_pfn(h, e) << 12});
    }
    return &table[gfn >> (9 * level) & 511];
}

/* The leaf that maps gfn, or NULL, and its level. */
static inline u64 *hw_leaf(const struct hw *h, hpa_t root, u64 gfn, unsigned *level)
{
    for (*level = 0; *level < 3; (*level)++) {
        u64 *e = hw_entry(h, root, gfn, *level);

        if (e)
            return hw_is_leaf(h, *e, *level) ? e : NULL;
    }
    return NULL;
}

static inline bool hw_allows(const struct hw *h, u64 leaf, u32 access)
{
    return (leaf & h->r) == h->r && (leaf & h->fault_a) == h->fault_a &&
           (!(access & ACCESS_WRITE) || ((leaf & h->w) && !(leaf & h->no_w))) &&
           (!(access & ACCESS_EXEC) || ((leaf & h->x) == h->x && !(leaf & h->no_x)));
}

/* One access. False: it faults. The frame that it reaches is in *pfn. */
static inline bool hw_access(const struct hw *h, hpa_t root, u64 gfn, u32 access, u64 *pfn)
{
    unsigned level;
    u64 *slot, leaf;

    if (gfn >> (9 * h->levels))
        return false;
    for (level = h->levels - 1; level > 0; level--)
        if (h->table_a && (slot = hw_entry(h, root, gfn, level)) && (*slot & h->valid) &&
            !hw_is_leaf(h, *slot, level))
            assert_true(*slot & h->table_a); /* C2-6: never left for hardware to write */
    slot = hw_leaf(h, root, gfn, &level);
    if (!slot)
        return false;
    leaf = __atomic_load_n(slot, __ATOMIC_RELAXED);
    do {
        if (!hw_allows(h, leaf, access))
            return false;
    } while (!__atomic_compare_exchange_n(slot, &leaf, leaf | h->a | ((access & ACCESS_WRITE) ? h->d : 0),
                                          false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    assert_int_equal(hw_pfn(h, leaf) & (BIT(9 * level) - 1), 0); /* or the walk is a reserved-bit fault */
    *pfn = hw_pfn(h, leaf) + (gfn & (BIT(9 * level) - 1));
    return true;
}
