/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_fmt.h: what a table entry looks like, as constants that fold into the walk (D1).
 *
 * A software bit says "present" in all formats, so that entries which mean something else to us are absent whatever the
 * hardware bits are (C1-12). `none` and `frozen` have the accessed bit clear: aging by AND cannot change them (C11-6).
 */
#pragma once
#include "lib/types.h"

struct tdp_fmt {
    u64 none;     /* not present */
    u64 frozen;   /* being removed by the CPU that wrote it; not present to hardware */
    u64 present;  /* the software bit */
    u64 table;    /* all bits of an entry that points to a table */
    u64 leaf;     /* all bits of a readable and executable 4 KiB leaf but address and what follows */
    u64 writable; /* added to a leaf */
    u64 accessed; /* set by hardware, or by us at creation */
    u64 dirty;    /* set by hardware */
    u64 address;  /* mask */
    unsigned levels;
};

#define TDP_ENTRIES    512u
#define TDP_INDEX_BITS 9u
