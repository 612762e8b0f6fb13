/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_ept_noad.c: extended page tables of VMX without accessed and dirty flags (SPEC C12).
 *
 * Bit 8 is then software's, and used as in the other form. Aging takes all rights from a leaf; the next access faults
 * and gives them back. A leaf becomes writable by a write fault only.
 */
#include "tdp_ept_bits.h"
#include "tdp_fmt.h"

static const struct tdp_fmt fmt = {
    .levels = 4,
    .none = EPT_NO_VE,
    .frozen = EPT_NO_VE | EPT_FROZEN,
    .present = EPT_PRESENT,
    .table = EPT_R | EPT_W | EPT_X,
    .leaf = {EPT_LEAF, EPT_LEAF_LARGE, EPT_LEAF_LARGE},
    .kind = EPT_LARGE,
    .pfn = EPT_PFN,
    .pfn_shift = 12,
    .write = EPT_W,
    .exec = EPT_X,
    .may_write = EPT_MAY_WRITE,
    .nx_split = EPT_NX_SPLIT,
    .accessed = EPT_A,
    .dirty = 0,
    .tracked = EPT_R | EPT_W | EPT_X,
    .saved = EPT_R | EPT_X,
    .saved_shift = EPT_SAVED,
};

#define TDP_OPS tdp_ept_noad
#include "tdp_walk.h"
