/* SPDX-License-Identifier: BSD-2-Clause */
/* pv.h: what kind of host this is and what it offers, read once from CPUID (A5, A7). */
#pragma once
#include "guest.h"

void pv_init(void);
/* Is this bit of KVM_CPUID_FEATURES there? None is before pv_init(). */
bool pv_has(unsigned kvm_feature);
/* The register of the clock's area; 0 if there is no such clock. */
u32 pv_clock_msr(void);
/* That of the wall clock, likewise. */
u32 pv_wall_msr(void);
/* How many CPUs our host says there are; 0 under any other host. */
unsigned pv_cpu_count(void);
/* Finds the dialect to speak; it may try an MSR for it (A5-4). */
enum apf_dialect pv_probe_dialect(void);
