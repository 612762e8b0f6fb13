/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvcpu.h: what a CPU and its host tell each other beside page faults and time (A7-6, A7-7, A7-10).
 *
 * Each is used where its CPUID bit is; otherwise nothing happens. Of the others that KVM knows: a CPU that waits for a
 * lock never halts, so nobody needs to be kicked; no CPU takes a mapping away from others, so there are no translations
 * to flush from afar; and the host may poll before it halts a vCPU, as it may after reset.
 */
#pragma once
#include "lib/types.h"

struct percpu;

/* On c itself, interrupts off. */
void pvcpu_start(struct percpu *c);
void pvcpu_stop(void); /* this CPU's areas are the host's no more (A4-4) */

/* If the host has taken c away from what it was doing, it should rather run c than the caller. Any context. */
void pvcpu_boost(const struct percpu *c);
/* The same for whoever that is; for those who do not know for which CPU they wait. */
void pvcpu_boost_all(void);
