/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.h: notice that the store has stopped answering. */
#pragma once
#include "lib/types.h"

struct vm;

#define WATCHDOG_PERIOD 100000000ull /* ns between two looks */

/*
 * Pause the VM and say so when a request is older than config.io_timeout, resume it when all are younger again, stop it
 * after config.io_give_up. One CPU, every WATCHDOG_PERIOD.
 */
void watchdog_look(struct vm *vm, u64 now);
