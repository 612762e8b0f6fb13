/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_fmt.h: what a table entry looks like, as constants that fold into the walk (D1).
 *
 * A format says which bits mean what; the bodies in tdp_iter.h, tdp_map.h, tdp_zap.h and tdp_scan.h are the same for
 * all. A software bit says "present" everywhere, so that entries which mean something else to us are absent whatever
 * the hardware bits are (C1-12). `none` and `frozen` have the accessed and dirty bits clear, so that clearing those
 * could not change them (C11-6). Level 0 spans 4 KiB, level 1 2 MiB, level 2 1 GiB.
 */
#pragma once
#include "lib/types.h"

#ifndef TDP_INDEX_BITS /* tests/mc has tables of two entries */
#define TDP_INDEX_BITS 9u
#endif
#define TDP_ENTRIES     (1u << TDP_INDEX_BITS)
#define TDP_LEVELS_MAX  4u
#define TDP_LEAF_LEVELS 3u /* levels at which a leaf is possible */

struct tdp_fmt {
    unsigned levels;
    u64 none;   /* not present */
    u64 frozen; /* being removed or rebuilt by the CPU that wrote it; not present to hardware */

    u64 present;               /* the software bit */
    u64 table;                 /* all bits of an entry that points to a table, but its address */
    u64 leaf[TDP_LEAF_LEVELS]; /* all bits of a leaf that may be read, but its address and what follows */
    u64 kind;                  /* the bits that tell a table from a leaf at level 1 and above */
    u64 pfn;                   /* mask of the address … */
    unsigned pfn_shift;        /* … and the bit at which its frame number begins */

    u64 write, read_only; /* bits set while writable, and while not */
    u64 exec, no_exec;    /* bits set while executable, and while not */
    u64 may_write;        /* software: the write permission may be given back (C2-3) */
    u64 nx_split;         /* software, in tables: a huge leaf stands back for an instruction fetch (C10-1) */

    u64 accessed; /* set at creation; then by hardware, or by tdp_fix() if it is not `hw_accessed` */
    bool hw_accessed;
    u64 dirty; /* set by hardware; 0: it has none, and a leaf becomes writable by a write fault only */

    /* Aging where hardware neither sets `accessed` nor faults on its absence (C12-1): these rights are taken away and
     * those of them in `saved` are remembered `saved_shift` bits higher. */
    u64 tracked, saved;
    unsigned saved_shift;

    bool break_before_make; /* a split needs an absent entry and a flush in between (C13-20) */
};
