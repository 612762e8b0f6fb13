/* SPDX-License-Identifier: BSD-2-Clause */
/* seg.h: the host's segment selectors; every CPU's GDT begins with these. Usable from assembly. */
#pragma once

#define SEG_CODE32 0x08
#define SEG_CODE64 0x10
#define SEG_DATA   0x18
#define SEG_TSS    0x20 /* two slots */
#define GDT_SLOTS  6

#define BOOT_GDT_BYTES SEG_TSS /* the GDT of head.S ends where the TSS would be */
