/* SPDX-License-Identifier: BSD-2-Clause */
/* stop.h: the end of the machine, wanted or not. */
#pragma once
#include "lib/types.h"

/*
 * Before a last report: silences the other CPUs and returns on the first CPU that calls it only. A CPU that calls it
 * again has failed while reporting and ends the machine.
 */
void stop_claim(void);
/* Has one called it? Then an NMI is from there. */
bool stop_claimed(void);
/* After the report of a broken invariant. */
_Noreturn void stop_panic(void);
/* Ends the emulator with this status; a machine without the exit port halts. */
_Noreturn void stop_machine(u32 status);
