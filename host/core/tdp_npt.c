/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_npt.c: nested page tables of AMD-V: the long-mode format, every access a user access (APM vol. 2, 15.25). */
#include "tdp_fmt.h"

#define NPT_P       BIT(0)
#define NPT_RW      BIT(1)
#define NPT_US      BIT(2)
#define NPT_A       BIT(5)
#define NPT_D       BIT(6)
#define NPT_PRESENT BIT(11) /* available to software */
#define NPT_FROZEN  BIT(52) /* available to software; P = 0 */

static const struct tdp_fmt fmt = {
    .none = 0,
    .frozen = NPT_FROZEN,
    .present = NPT_PRESENT,
    .table = NPT_P | NPT_RW | NPT_US | NPT_A | NPT_PRESENT, /* A set: hardware never writes it (C2-6) */
    .leaf = NPT_P | NPT_US | NPT_PRESENT,
    .writable = NPT_RW,
    .accessed = NPT_A,
    .dirty = NPT_D,
    .address = 0x000ffffffffff000ull,
    .levels = 4,
};

#define TDP_OPS tdp_npt
#include "tdp_walk.h"

_Static_assert(!(NPT_FROZEN & (NPT_P | NPT_A | NPT_PRESENT)), "C11-6: aging cannot change a frozen entry");
