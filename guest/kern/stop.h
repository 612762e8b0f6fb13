/* SPDX-License-Identifier: BSD-2-Clause */
/* stop.h: end the VM so that nothing of the host's is written into its memory any more (A4-4). */
#pragma once
#include "lib/types.h"

/* For panic(). Makes the caller the one CPU that ends the VM; false if one has been chosen already. */
bool stop_lead(void);
/* The one that leads: all other CPUs stop, having switched off what the host writes, or a moment has passed. */
void stop_others(void);
/* All CPUs switch off what the host writes; the one that leads ends the VM. Any context, takes no lock. */
_Noreturn void stop_all(u32 status);
