/* SPDX-License-Identifier: BSD-2-Clause */
/* pv.h: what kind of host this is and what it offers, read once from CPUID (A5, A7). */
#pragma once
#include "guest.h"

void pv_init(void);
bool pv_has_clock(void);
/* How many CPUs our host says there are; 0 under any other host. */
unsigned pv_cpu_count(void);
/* Finds the dialect to speak; it may try an MSR for it (A5-4). */
enum apf_dialect pv_probe_dialect(void);
