/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.h: nanoseconds from the time stamp counter, by the host's kvmclock or by a scale of our own (time.c). */
#pragma once
#include "guest.h"

struct percpu;

void clock_init(void);                 /* once, before any other */
void clock_cpu_init(struct percpu *c); /* on c, interrupts off */
void clock_cpu_stop(void);             /* this CPU's area is the host's no more (A4-4) */
u64 clock_ticks(u64 ns); /* how many ticks of the counter last so long; at most CLOCK_TICKS_MAX_NS of them */

#define CLOCK_TICKS_MAX_NS 1000000000ull
