/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_s2_bits.h: a stage-2 descriptor of arm64, 4 KiB granule (Arm ARM, D8.3), and the bits of it that are ours. */
#pragma once
#include "lib/types.h"

#define S2_VALID     BIT(0)
#define S2_TABLE     BIT(1)       /* a table at levels 1 to 3; at level 0 every valid leaf has it */
#define S2_WB        (0xful << 2) /* MemAttr: normal memory, write-back inside and out */
#define S2_READ      BIT(6)
#define S2_WRITE     BIT(7)
#define S2_INNER     (3ul << 8) /* SH: inner shareable */
#define S2_AF        BIT(10)
#define S2_DBM       BIT(51)
#define S2_XN        BIT(54) /* XN[1:0] = 10: nobody executes */
#define S2_FROZEN    BIT(1)  /* in an invalid descriptor all other bits are ignored */
#define S2_PRESENT   BIT(55) /* 55 to 58: software's */
#define S2_MAY_WRITE BIT(56)
#define S2_NX_SPLIT  BIT(57)
#define S2_PFN       0x0000fffffffff000ull
#define S2_LEAF      (S2_VALID | S2_WB | S2_READ | S2_INNER)

_Static_assert(!(S2_FROZEN & (S2_VALID | S2_AF | S2_WRITE | S2_PRESENT)),
               "C11-6: clearing AF leaves frozen alone");
