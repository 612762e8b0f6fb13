/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_s2_soft.c: stage-2 tables of arm64 whose access flag is ours to set: an access without it faults (O-1, C11-20).
 *
 * A leaf becomes writable by a write fault only.
 */
#include "tdp_s2_bits.h"
#include "tdp_fmt.h"

static const struct tdp_fmt fmt = {
    .levels = 4,
    .none = 0,
    .frozen = S2_FROZEN,
    .present = S2_PRESENT,
    .table = S2_VALID | S2_TABLE,
    .leaf = {S2_LEAF | S2_TABLE, S2_LEAF, S2_LEAF},
    .kind = S2_TABLE,
    .pfn = S2_PFN,
    .pfn_shift = 12,
    .write = S2_WRITE,
    .no_exec = S2_XN,
    .may_write = S2_MAY_WRITE,
    .nx_split = S2_NX_SPLIT,
    .accessed = S2_AF,
    .dirty = 0,
    .break_before_make = true,
};

#define TDP_OPS tdp_s2_soft
#include "tdp_walk.h"
