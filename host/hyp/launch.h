/* SPDX-License-Identifier: BSD-2-Clause */
/* launch.h: from the loader's modules and the host's arguments to a VM that runs on all CPUs. */
#pragma once
#include "lib/bootinfo.h"

/* Ends the machine with the VM's status, or with a message about why there can be no VM. */
struct hyp_args;
_Noreturn void launch(const struct boot_info *b, const struct hyp_args *given);
