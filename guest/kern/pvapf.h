/* SPDX-License-Identifier: BSD-2-Clause */
/* pvapf.h: asynchronous page faults: what the page-fault entry, the interrupt entry and the start-up call. */
#pragma once
#include "abi/kvm_apf.h"
#include "guest.h"
#include "lib/atomic.h"

struct percpu;

/* Once, before any CPU is set up. */
void pvapf_init(void);
/* On c itself, interrupts off. */
void pvapf_cpu_enable(struct percpu *c);
void pvapf_cpu_disable(struct percpu *c);
void pvapf_cpu_stop(
    struct percpu *c); /* the same for good: who waits is not woken, no lock is taken (A4-4) */

/*
 * Does this #PF announce something other than a page fault? The marker of this CPU's slot, which it clears; 0 for an
 * ordinary fault. Must come straight after CR2 was read, before anything that may fault (A4-10).
 */
u32 pvapf_take_marker(struct percpu *c);
/* … and if so: handles it. Interrupts off; may run other threads before it returns. irqs_were_on: in what faulted. */
void pvapf_event(struct percpu *c, u32 marker, u32 token, bool irqs_were_on);
