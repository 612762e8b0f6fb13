/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vector.h: when the CPU came to a vector, without a trace of it in the kernel that is measured.
 *
 * While a vector is watched, its gate leads over a stub of ours that reads the counter and goes on to the kernel's own
 * entry, so the way becomes VECTOR_WATCH instructions longer.
 */
#pragma once
#include "lib/types.h"

#define VECTOR_WATCH 7 /* instructions of the stub */
#define VECTOR_LEAD  2 /* … of which so many before the counter is read */

#define VECTOR_PF  14
#define VECTOR_OWN 0xe0 /* nobody else's; its handler ends the interrupt and returns */

enum { WATCH_FAULT, WATCH_READY, WATCHES };

/* The counter as it was at the last arrival. */
extern volatile u32 vector_at[WATCHES];
extern volatile u32 vector_own_at, vector_own_eoi; /* … and what the own vector's end of interrupt took */

/* `which` watches `vector`, which must not be under way when its gate is replaced. */
void vector_watch(unsigned which, unsigned vector);
void vector_unwatch(unsigned which, unsigned vector);
void vector_own(void); /* on the CPU that calls this */
