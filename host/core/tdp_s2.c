/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_s2.c: stage-2 tables of arm64 whose access flag and dirty state the hardware keeps (VTCR_EL2.HA and HD).
 *
 * DBM says that hardware may make the leaf writable, and S2AP[1] that it has: the one is our writable bit, the other
 * our dirty bit.
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
    .write = S2_DBM,
    .no_exec = S2_XN,
    .may_write = S2_MAY_WRITE,
    .nx_split = S2_NX_SPLIT,
    .accessed = S2_AF,
    .hw_accessed = true,
    .dirty = S2_WRITE,
    .break_before_make = true,
};

#define TDP_OPS tdp_s2
#include "tdp_walk.h"
