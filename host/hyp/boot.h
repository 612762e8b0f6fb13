/* SPDX-License-Identifier: BSD-2-Clause */
/* boot.h: what the boot loader told the host, whichever protocol it spoke. */
#pragma once
#include "lib/bootinfo.h"

/* The memory both protocols and the first page tables reach. */
extern const struct boot_window boot_low;

/* Once, while the first page tables are in use. magic, info: as the machine was entered. Ends the host on nonsense. */
const struct boot_info *boot_read(u32 magic, u32 info);
