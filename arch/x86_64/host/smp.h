/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smp.h: what the architecture keeps for each CPU, which CPU this is, and how the others are started.
 *
 * A struct cpu is written by its own CPU only, except before that CPU starts, and `online`, its announcement.
 */
#pragma once
#include "lib/types.h"
#include "desc.h"
#include "seg.h"

#define EMERGENCY_STACK 8192 /* NMI, double fault and machine check report on this one */

struct cpu {
    struct cpu *self; /* at gs:0 */
    u32 id;           /* 0 = the one that booted */
    u32 apic_id;
    u32 online;
    bool woken;         /* an interrupt arrived since port_idle() last looked */
    u64 timer_deadline; /* ns, TIME_NEVER = none */
    u64 timer_irqs, kick_irqs, store_irqs;
    u64 gdt[GDT_SLOTS];
    struct tss64 tss;
    u8 emergency[EMERGENCY_STACK] __attribute__((aligned(16)));
};

static inline struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__("mov %%gs:0, %0" : "=r"(c));
    return c;
}

/*
 * Start a CPU with INIT and SIPI and wait until it is online. stack_top: its stack; root: page tables below 4 GiB.
 * False: it did not come within a second.
 */
bool smp_start(struct cpu *c, void *stack_top, hpa_t root) must_check;
/* Where a started CPU goes, interrupts off, on its own stack; written by the program (host/hyp). */
_Noreturn void smp_cpu_main(struct cpu *c);
