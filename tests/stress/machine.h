/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h: the machine under the TDP tree in a stress run: frames that show their misuse, CPUs that are threads.
 *
 * A free frame is filled with a canary by plain stores. Whoever still reads it races with those, which the thread
 * sanitizer sees; whoever writes it is seen when the frame is given out again.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include "lib/atomic.h"
#include "port.h"

#define THREADS 4u

/* The CPU that the calling thread plays. */
extern _Thread_local unsigned my_cpu;
/* port_kick() was called for this CPU; whoever heeds it clears it. */
extern u32 kicked[THREADS];

/* Frames given out and not given back. */
unsigned frames_used(void);

/* Something that must not be: says what, and ends the program. */
#define must(cond, what) check((cond), (what))

/* Numbers of no quality, from each thread's own seed. */
static inline u32 number(u64 *seed, u32 below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (u32)(*seed >> 20) % below;
}
