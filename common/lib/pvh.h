/* SPDX-License-Identifier: BSD-2-Clause */
/* pvh.h: read the start information of the PVH boot protocol (abi/pvh.h). */
#pragma once
#include "lib/bootinfo.h"

enum boot_error pvh_read(const struct boot_window *w, u64 start_info, struct boot_info *out) must_check;
