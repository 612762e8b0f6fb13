/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_npt.c: nested page tables of AMD-V: the long-mode format, every access a user access (APM vol. 2, 15.25). */
#include "tdp_fmt.h"

#define NPT_P         BIT(0)
#define NPT_RW        BIT(1)
#define NPT_US        BIT(2)
#define NPT_A         BIT(5)
#define NPT_D         BIT(6)
#define NPT_PS        BIT(7) /* levels 1 and 2: a leaf */
#define NPT_NX        BIT(63)
#define NPT_MAY_WRITE BIT(9)  /* 9 to 11 and 52 to 62: available to software */
#define NPT_NX_SPLIT  BIT(10) /* in tables */
#define NPT_PRESENT   BIT(11)
#define NPT_FROZEN    BIT(52) /* P = 0 */

static const struct tdp_fmt fmt = {
    .levels = 4,
    .none = 0,
    .frozen = NPT_FROZEN,
    .present = NPT_PRESENT,
    .table = NPT_P | NPT_RW | NPT_US | NPT_A, /* A set: hardware never writes it (C2-6) */
    .leaf = {NPT_P | NPT_US, NPT_P | NPT_US | NPT_PS, NPT_P | NPT_US | NPT_PS},
    .kind = NPT_PS,
    .pfn = 0x000ffffffffff000ull,
    .pfn_shift = 12,
    .write = NPT_RW,
    .no_exec = NPT_NX, /* the host runs with EFER.NXE */
    .may_write = NPT_MAY_WRITE,
    .nx_split = NPT_NX_SPLIT,
    .accessed = NPT_A,
    .hw_accessed = true,
    .dirty = NPT_D,
};

#define TDP_OPS tdp_npt
#include "tdp_walk.h"

_Static_assert(!(NPT_FROZEN & (NPT_P | NPT_A | NPT_D | NPT_PRESENT)),
               "C11-6: clearing A or D leaves frozen alone");
