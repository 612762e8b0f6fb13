/* SPDX-License-Identifier: BSD-2-Clause */
/* mb2.h: read Multiboot2 boot information (abi/multiboot2.h). */
#pragma once
#include "lib/bootinfo.h"

enum boot_error mb2_read(const struct boot_window *w, u64 info, struct boot_info *out) must_check;
