/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_ept.c: extended page tables of VMX whose pointer enables accessed and dirty flags. */
#include "tdp_ept_bits.h"
#include "tdp_fmt.h"

static const struct tdp_fmt fmt = {
    .levels = 4,
    .none = EPT_NO_VE,
    .frozen = EPT_NO_VE | EPT_FROZEN,
    .present = EPT_PRESENT,
    .table = EPT_R | EPT_W | EPT_X | EPT_A,
    .leaf = {EPT_LEAF, EPT_LEAF_LARGE, EPT_LEAF_LARGE},
    .kind = EPT_LARGE,
    .pfn = EPT_PFN,
    .pfn_shift = 12,
    .write = EPT_W,
    .exec = EPT_X,
    .may_write = EPT_MAY_WRITE,
    .nx_split = EPT_NX_SPLIT,
    .accessed = EPT_A,
    .hw_accessed = true,
    .dirty = EPT_D,
};

#define TDP_OPS tdp_ept
#include "tdp_walk.h"
