/* SPDX-License-Identifier: BSD-2-Clause */
/* apic.c: interrupt controllers switched off, flooded and fed garbage. */
#include "apic.h"
#include "cpu.h"
#include "hostile.h"
#include "karch.h"
#include "msr.h"
#include "percpu.h"
#include <stdio.h>

#define EMPTY_PAGE    0x20 /* the first of many below 1 MiB that hold nothing */
#define FLOOD         5000
#define SHADOWS       500
#define SHADOWS_SHOWN 10000
#define WAITERS       4
#define ICR           (MSR_X2APIC + (APIC_ICR >> 4))
#define ICR_TO(id)    ((u64)(id) << 32)
#define VEC_ANY       0x55
#define STORM_NS      300000000ull
#define BASE_ENABLE   0x800

static u32 x2apic(u32 offset)
{
    return MSR_X2APIC + (offset >> 4);
}

static void touch_last_pages(void *unused)
{
    static u32 taken;
    u64 bytes;
    const volatile u8 *p = module_data(0, &bytes);

    (void)unused;
    (void)p[bytes - at_add(&taken, 1) * PAGE_SIZE];
}

static void start_waiters(void)
{
    for (unsigned i = 0; i < WAITERS; i++)
        expect(thread_create(touch_last_pages, NULL) != NULL, "a thread can be made");
    thread_yield();
}

/* Off, for good, while pages are on their way. */
static int apic_off(void)
{
    start_waiters();
    karch_irq_save();
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) & ~(u64)(BASE_ENABLE | MSR_APIC_BASE_X2APIC));
    spin_ns(STORM_NS);
    karch_exit(4);
}

/* Off and on by the spurious-interrupt register; then it must still work. */
static int apic_soft_off(void)
{
    u64 svr = rdmsr(x2apic(APIC_SVR)), before = module_sum();

    for (unsigned i = 0; i < FLOOD / 10; i++) {
        bool on = karch_irq_save();

        wrmsr(x2apic(APIC_SVR), svr & ~(u64)APIC_SVR_ENABLE);
        wrmsr(x2apic(APIC_SVR), svr);
        karch_irq_restore(on);
    }
    expect(module_sum() == before, "the module reads as before");
    karch_exit((u32)verdict());
}

/* Everything but the interrupt command register, which has modes of its own. */
static int apic_garbage(void)
{
    karch_irq_save();
    for (unsigned i = 0; i < FLOOD; i++) {
        u32 msr = MSR_X2APIC + (u32)(random_u64() & 0xff);

        if (msr != ICR && msr != x2apic(APIC_SELF_IPI))
            (void)karch_pv_try_write(msr, i % 2 ? random_u64() : random_u64() & 0x7ffff);
    }
    karch_exit(7);
}

static void flood(void *kind)
{
    for (unsigned i = 0; i < FLOOD; i++)
        for (unsigned to = 0; to < cpu_count(); to++)
            wrmsr(ICR, ICR_TO(to) | (u64)(uintptr_t)kind | VEC_ANY);
}

static int flood_from_all(u32 kind)
{
    struct thread *t[MAX_CPUS];

    traps_swallow();
    for (unsigned i = 0; i < cpu_count(); i++)
        t[i] = thread_create(flood, (void *)(uintptr_t)kind);
    for (unsigned i = 0; i < cpu_count(); i++)
        thread_join(t[i]);
    printf("hostile: %u arrived\n", at_load(&traps_swallowed));
    expect(at_load(&traps_swallowed) > 0, "some arrive");
    return verdict();
}

static int ipi_flood(void)
{
    return flood_from_all(APIC_ICR_FIXED);
}

static int nmi_flood(void)
{
    return flood_from_all(APIC_ICR_NMI);
}

static int timer_storm(void)
{
    traps_swallow();
    wrmsr(x2apic(APIC_TIMER_DIV), APIC_TIMER_DIV_1);
    wrmsr(x2apic(APIC_LVT_TIMER), APIC_TIMER_PERIODIC | VEC_ANY);
    wrmsr(x2apic(APIC_TIMER_INIT), 1);
    spin_ns(STORM_NS);
    karch_exit(8);
}

/* The boot CPU starts again where there is no memory. */
static int init_self(void)
{
    wrmsr(ICR, ICR_TO(0) | APIC_ICR_INIT);
    return STATUS_BAD;
}

/*
 * INIT while the other CPU's threads wait for pages; SIPIs that send it to where nothing was prepared, which are zeros:
 * other low pages hold what the loader left, and a CPU that ran it might end the VM. Interrupts stay off: the other CPU
 * may take the scheduler's lock with it. Of three CPUs one is neither the first nor this one.
 */
static int init_others(void)
{
    u64 to;

    start_waiters();
    karch_irq_save();
    to = ICR_TO(karch_cpu()->id == 1 ? 2 : 1);
    for (unsigned i = 0; i < FLOOD / 10; i++) {
        wrmsr(ICR, to | APIC_ICR_INIT);
        wrmsr(ICR, to | APIC_ICR_STARTUP | (EMPTY_PAGE + i % 64));
    }
    wrmsr(ICR, to | APIC_ICR_INIT);
    karch_exit(6);
}

static void halt(void *unused)
{
    (void)unused;
    cli();
    hlt();
}

/* A CPU that halts with interrupts off is asleep for ever; the others go on. */
static int halt_for_ever(void)
{
    expect(thread_create(halt, NULL) != NULL, "a thread can be made");
    spin_ns(STORM_NS);
    karch_exit(5);
}

/*
 * STI and HLT with an interrupt pending, and the HLT on a page that is not there: the interrupt must come after the
 * HLT, which it ends. A host that forgets the shadow of STI while it brings the page lets it come before, and nothing
 * else ever ends that HLT.
 */
static int shadow_of_sti(void)
{
    static u8 code[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    u8 *hlt_page = code + PAGE_SIZE, *start = hlt_page - 1;
    u64 n = rounds_or(SHADOWS);

    traps_swallow();
    wrmsr(x2apic(APIC_LVT_TIMER), APIC_LVT_MASKED);
    start[0] = 0xfb; /* STI */
    start[1] = 0xf4; /* HLT */
    start[2] = 0xc3; /* RET */
    for (u64 i = 0; i < n; i++) {
        bool on = karch_irq_save();

        host_evict(hlt_page, PAGE_SIZE);
        wrmsr(x2apic(APIC_SELF_IPI), VEC_ANY);
        ((void (*)(void))start)();
        expect(traps_swallowed == i + 1, "each interrupt comes once");
        karch_irq_restore(on);
        if (i % SHADOWS_SHOWN == SHADOWS_SHOWN - 1)
            printf("hostile: %lu of %lu\n", i + 1, n);
    }
    return verdict();
}

const struct mode apic_modes[] = {
    {"apic-off", apic_off},
    {"apic-soft-off", apic_soft_off},
    {"apic-garbage", apic_garbage},
    {"ipi-flood", ipi_flood},
    {"nmi-flood", nmi_flood},
    {"timer-storm", timer_storm},
    {"init-self", init_self},
    {"init-others", init_others},
    {"halt", halt_for_ever},
    {"sti-hlt", shadow_of_sti},
    {NULL, NULL},
};
