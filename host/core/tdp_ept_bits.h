/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_ept_bits.h: an entry of extended page tables (SDM vol. 3, 29.3.2), and the bits of it that are ours. */
#pragma once
#include "lib/types.h"

#define EPT_R     BIT(0)
#define EPT_W     BIT(1)
#define EPT_X     BIT(2)
#define EPT_WB    (6ul << 3) /* memory type of a leaf: write-back */
#define EPT_LARGE BIT(7)     /* levels 1 and 2: a leaf */
#define EPT_A     BIT(8)     /* ignored unless the EPTP enables accessed and dirty flags */
#define EPT_D     BIT(9)
#define EPT_NX_SPLIT \
    BIT(10) /* 11 and 52 to 56: available to software; 10 in tables, without mode-based execution */
#define EPT_PRESENT    BIT(11)
#define EPT_FROZEN     BIT(52)
#define EPT_MAY_WRITE  BIT(53)
#define EPT_SAVED      54 /* R and X of a leaf that aging took the rights from are kept so many bits higher */
#define EPT_NO_VE      BIT(63) /* suppress #VE, in entries that are not present (C1-12) */
#define EPT_PFN        0x000ffffffffff000ull
#define EPT_LEAF       (EPT_R | EPT_WB)
#define EPT_LEAF_LARGE (EPT_LEAF | EPT_LARGE)

_Static_assert(!((EPT_FROZEN | EPT_NO_VE) & (EPT_R | EPT_W | EPT_X | EPT_A | EPT_D | EPT_PRESENT)),
               "C11-6: clearing A or D leaves absent entries alone");
