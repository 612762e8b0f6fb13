/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exitcost.c: how many VM exits an interrupt costs, and how many instructions an exit.
 *
 *     exitcost [times=N]
 *
 * On two CPUs that never halt: a one-shot timer that its handler arms again, and interrupts from one CPU to the other,
 * each sent when what the last one interrupted goes on; the host says how often a guest left its CPU meanwhile. A spell
 * without either, as long, says how much of that is the host's own. Then, by a counter that counts instructions, CPUID,
 * RDMSR and a hypercall. Interrupts end at the register, never by PV EOI: hide that. Ends with 0, 2 if it could not be
 * tried.
 */
#include "apic.h"
#include "cpu.h"
#include "cpuid.h"
#include "desc.h"
#include "guest.h"
#include "karch.h"
#include "msr.h"
#include "percpu.h"
#include "abi/kvm_msr.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_USAGE   2
#define VEC_TIMER_OWN  0x61
#define VEC_IPI_OWN    0x62
#define XAPIC_ID_SHIFT 24
#define TIMER_COUNT    200000 /* ticks: long against what the host does for it */
#define SAMPLES        501

static bool x2apic;
static u32 times = 1000, timers, ipis, stop;
static u32 seen;            /* of `ipis`, by the thread that they interrupt */
static u32 here, elsewhere; /* main()'s CPU; 1 + the other one, once somebody runs there */

static void reg_write(u32 reg, u64 v)
{
    if (x2apic)
        wrmsr(MSR_X2APIC + (reg >> 4), v);
    else
        *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg) = (u32)v;
}

static void send(u32 hw_id)
{
    u32 command = APIC_ICR_FIXED | APIC_ICR_ASSERT | VEC_IPI_OWN;

    if (x2apic) {
        reg_write(APIC_ICR, (u64)hw_id << 32 | command);
        return;
    }
    reg_write(APIC_ICR_HI, hw_id << XAPIC_ID_SHIFT);
    reg_write(APIC_ICR, command);
}

/* Nothing of these uses SSE. */
#define HANDLER __attribute__((interrupt, target("general-regs-only")))
struct frame;

static HANDLER void on_timer(struct frame *frame)
{
    (void)frame;
    if (at_add(&timers, 1) < times)
        reg_write(APIC_TIMER_INIT, TIMER_COUNT);
    reg_write(APIC_EOI, 0);
}

static HANDLER void on_ipi(struct frame *frame)
{
    (void)frame;
    reg_write(APIC_EOI, 0);
    at_add(&ipis, 1);
}

static void gates(void)
{
    struct desc_ptr at;
    struct idt_gate *idt;

    __asm__ volatile("sidt %0" : "=m"(at));
    idt = (struct idt_gate *)(uintptr_t)at.base;
    idt[VEC_TIMER_OWN] = gate_make((void (*)(void))on_timer, idt[VEC_DF].selector, 0, GATE_INT);
    idt[VEC_IPI_OWN] = gate_make((void (*)(void))on_ipi, idt[VEC_DF].selector, 0, GATE_INT);
}

static u64 exits(void)
{
    struct fl_stats s;

    return host_stats(&s, 0) ? s.exits : 0;
}

/* The other CPU's thread: awake, interrupts on, and nothing else. */
static void spin(void *arg)
{
    (void)arg;
    while (cpu_id() == at_load(&here))
        thread_yield();
    at_store(&elsewhere, 1 + cpu_id());
    while (!at_load(&stop))
        at_store(&seen, at_load(&ipis));
}

/* The kernel's timer is not armed while there is a CPU for each thread. */
static void run_timer(void)
{
    reg_write(APIC_LVT_TIMER, APIC_TIMER_ONESHOT | VEC_TIMER_OWN);
    reg_write(APIC_TIMER_DIV, APIC_TIMER_DIV_1);
    reg_write(APIC_TIMER_INIT, TIMER_COUNT);
    while (at_load(&timers) < times)
        ;
}

static void run_ipi(void)
{
    for (u32 i = 0; i < times; i++) {
        send(cpus[at_load(&elsewhere) - 1].hw_id);
        while (at_load(&seen) == i)
            ;
    }
}

/* Exits of `run`, and of as long a time without it. */
static void count(const char *name, void (*run)(void))
{
    u64 start = rdtsc(), before = exits(), n, took;

    run();
    n = exits() - before;
    took = rdtsc() - start;
    before = exits();
    for (start = rdtsc(); rdtsc() - start < took;)
        ;
    printf("exitcost: %s = %lu\n", name, n);
    printf("exitcost: %s_idle = %lu\n", name, exits() - before);
}

static int ascending(const void *a, const void *b)
{
    s32 x = *(const s32 *)a, y = *(const s32 *)b;

    return (x > y) - (x < y);
}

static void cpuid_0(void)
{
    (void)cpuid(0, 0);
}

static void read_apf(void)
{
    (void)rdmsr(PV_MSR_APF_EN);
}

/* No number of ours: the host says so and no more. */
static void call_none(void)
{
    (void)karch_hypercall(0, 0, 0);
}

static void nothing(void)
{
}

static s32 timed(void (*volatile what)(void))
{
    u64 start = rdtsc();

    what();
    return (s32)(rdtsc() - start);
}

static void length(const char *name, void (*what)(void))
{
    static s32 sample[SAMPLES];

    for (unsigned i = 0; i < SAMPLES; i++)
        sample[i] = timed(what) - timed(nothing);
    qsort(sample, SAMPLES, sizeof(*sample), ascending);
    printf("exitcost: %s = %d\n", name, sample[SAMPLES / 2]);
}

int main(int argc, char **argv)
{
    struct thread *other;

    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], "times=", 6))
            times = (u32)strtoul(argv[i] + 6, NULL, 10);
    at_store(&here, cpu_id());
    if (!exits() || cpu_count() != 2 || !(other = thread_create(spin, NULL))) {
        printf("exitcost: this needs our host, and two CPUs\n");
        return STATUS_USAGE;
    }
    while (!at_load(&elsewhere))
        at_store(&here, cpu_id());
    x2apic = rdmsr(MSR_APIC_BASE) & MSR_APIC_BASE_X2APIC;
    gates();
    printf("exitcost: %s\n", x2apic ? "x2APIC" : "xAPIC");
    length("cpuid", cpuid_0);
    length("rdmsr", read_apf);
    length("hypercall", call_none);
    count("ipi", run_ipi);
    count("timer", run_timer);
    at_store(&stop, 1);
    machine_exit(0); /* the timer is not the kernel's any more */
}
