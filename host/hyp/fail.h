/* SPDX-License-Identifier: BSD-2-Clause */
/* fail.h: the way out when the machine, the arguments or the disk do not allow a VM to start. */
#pragma once
#include "vm.h"

/* Says why in one line and ends the machine with this status. */
_Noreturn void hyp_fail(enum vm_status status, const char *fmt, ...) printf_like(2, 3);
