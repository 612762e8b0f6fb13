/* SPDX-License-Identifier: BSD-2-Clause */
/* page.h: bits of x86-64 page-table entries, 4-level (Intel SDM vol. 3A, 4.5). Usable from assembly. */
#pragma once

#define PTE_P    0x1
#define PTE_RW   0x2
#define PTE_US   0x4
#define PTE_PWT  0x8
#define PTE_PCD  0x10
#define PTE_A    0x20
#define PTE_D    0x40
#define PTE_PS   0x80 /* level 2 and 3: maps a page itself */
#define PTE_G    0x100
#define PTE_NX   0x8000000000000000
#define PTE_ADDR 0x000ffffffffff000

#define PT_ENTRIES      512
#define PT_SHIFT(level) (12 + 9 * ((level)-1)) /* level 1 = 4 KiB leaves, 2 = 2 MiB, 3 = 1 GiB */

/* Error code of #PF; an NPF's EXITINFO1 begins with the same bits. */
#define PF_ERR_PRESENT 0x1
#define PF_ERR_WRITE   0x2
#define PF_ERR_USER    0x4
#define PF_ERR_RSVD    0x8
#define PF_ERR_FETCH   0x10

#ifndef __ASSEMBLER__
#include "lib/types.h"

static inline unsigned pt_index(u64 addr, int level)
{
    return addr >> PT_SHIFT(level) & (PT_ENTRIES - 1);
}

#endif
