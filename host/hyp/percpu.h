/* SPDX-License-Identifier: BSD-2-Clause */
/* percpu.h: the host's CPUs by number: which there are, their areas and stacks, and how all of them get to work. */
#pragma once
#include "lib/bootinfo.h"

/* The very first call: the CPU that booted gets its area, so that exceptions are reported and port_cpu() works. */
void percpu_init_boot_cpu(void);
/* While the first page tables are in use: find the machine's CPUs. */
void percpu_find(const struct boot_info *b);
/* Start all others; they wait until percpu_go(). Ends the host if one does not come. */
void percpu_start(void);
/* Every CPU, the calling one included, does `work` and then sleeps for good. */
_Noreturn void percpu_go(void (*work)(void));

/* All CPUs call it; when all have, CPU 0 does `work`, and then all go on. */
void percpu_meet(void (*work)(void));

unsigned percpu_count(void);
u32 percpu_apic_id(unsigned cpu);
