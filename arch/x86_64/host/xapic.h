/* SPDX-License-Identifier: BSD-2-Clause */
/* xapic.h: the physical local APIC in xAPIC mode, by memory-mapped registers: QEMU TCG offers no x2APIC. */
#pragma once
#include "lib/types.h"

/* Once, on the CPU that booted, before any other call; false: no APIC, or firmware left it in x2APIC mode. */
bool xapic_init(void) must_check;
hpa_t xapic_base(void);
/* On each CPU: software-enable it, mask what we do not use. */
void xapic_init_cpu(void);

u32 xapic_id(void);
void xapic_eoi(void);
/* command: the low word of the ICR. A full barrier before the interrupt is sent. */
void xapic_ipi(u32 apic_id, u32 command);
/* NMI to all other CPUs, whatever they do. */
void xapic_nmi_others(void);
/* One-shot: the timer vector after `ticks`; 0 stops it. */
void xapic_timer(u32 ticks);
u32 xapic_timer_now(void);
