/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h: time from the TSC and a one-shot interrupt from the local APIC timer, both measured against the PIT. */
#pragma once
#include "lib/types.h"

/* Once, on the CPU that booted, after xapic_init_cpu(). False: the PIT does not count. */
bool clock_init(void) must_check;
u64 clock_tsc_khz(void);
u64 clock_ns(void); /* since clock_init() */

/* This CPU's interrupt at `deadline`, TIME_NEVER = none. */
void clock_set(u64 deadline);
/* From the timer vector: a deadline beyond the timer's range is set again. */
void clock_irq(void);
