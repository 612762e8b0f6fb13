/* SPDX-License-Identifier: BSD-2-Clause */
/* gate.c: what else ready waits for: the local APIC, the task priority, a vector that can be dispatched (A3-31). */
#include "apic.h"
#include "conf.h"

void conf_A3_31_apic_off(void)
{
    u64 *page;
    u32 id, from;

    if (!apf_start() || !(page = page_told(&id)))
        return;
    apic_software(false);
    from = events_now();
    done(page, 0);
    expect_quiet(from);
    expect(!slot_reports(), "the slot is not written while the local APIC is off");
    apic_software(true);
    expect_ready(from, 1, id);
}

/* A guest started by a loader without firmware: EN first, the local APIC later (A0-15). */
void conf_A3_33_enable_later(void)
{
    u32 from = events_now();

    apic_software(false);
    apf_write(en_bits());
    expect_quiet(from);
    apic_software(true);
    expect_ready(from, 1, APF_TOKEN_WAKE_ALL);
}

void conf_A3_31_apic_base(void)
{
    u64 *page, base = rdmsr(MSR_APIC_BASE);
    u32 id, from;

    if (!apf_start() || !(page = page_told(&id)))
        return;
    wrmsr(MSR_APIC_BASE, base & ~(u64)(MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC));
    from = events_now();
    done(page, 0);
    expect_quiet(from);
    apic_up(); /* its registers are those after reset */
    expect_ready(from, 1, id);
}

#define NAP 20000 /* us */

static u32 awake;

/* Asleep itself, so that nobody is busy. Again, should the NMI have come just before the HLT. */
static void wake_by_nmi(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < 50 && !at_load_acq(&awake); i++) {
        event_halt(events_now(), EV_READY, 1, NAP);
        apic_ipi(cpus[0].apic_id, APIC_ICR_ASSERT | APIC_ICR_NMI);
    }
}

/* How many HLTs it takes until the NMI comes: one, but for a host that ends them for nothing. */
static unsigned halt_until_nmi(u32 from)
{
    u64 end = time_us() + 2 * SOON;
    unsigned halts = 0;

    at_store(&awake, 0);
    cpu_start(1, wake_by_nmi, NULL);
    for (; !events_since(from, EV_NMI) && time_us() < end; halts++)
        hlt();
    at_store_rel(&awake, 1);
    cpu_wait(1);
    return halts;
}

/* One HLT: is most of it spent asleep? */
static bool sleeps(void)
{
    u64 start = time_us();
    s32 busy = hook(HOOK_COUNT, 0, HOOK_COUNT_BUSY_US);

    expect(halt_until_nmi(events_now()) <= 2, "a HLT that lasts until the NMI; seen: one that ends before");
    busy = hook(HOOK_COUNT, 0, HOOK_COUNT_BUSY_US) - busy;
    return (u64)busy < (time_us() - start) * 4 / 5;
}

/* A completion that cannot be delivered is no reason for a HLT not to halt. */
void conf_A0_15_halt(void)
{
    bool asleep = false;
    u64 *page;
    u32 id, from;

    if (!apf_start() || !(page = page_told(&id)))
        return;
    apic_software(false);
    from = events_now();
    done(page, 0);
    spin_us(QUIET);
    for (unsigned i = 0; i < 5 && !asleep;
         i++) /* a loaded machine lets vCPUs wait for it, which looks busy */
        asleep = sleeps();
    expect(asleep, "vCPUs that are busy for less than 0.8 of the time that both sleep");
    apic_software(true);
    expect_ready(from, 1, id);
}

void conf_A3_41_vector_5(void)
{
    u64 *page;
    u32 id, from = events_now();

    this_cpu()->apf.vector = 5;
    apf_write(en_bits());
    expect_quiet(from);
    expect(slot_reports(), "the slot is busy with wake-all");
    apf_stop();
    this_cpu()->apf.vector = VECTOR;
    if (!apf_start() || !(page = page_told(&id)))
        return;
    from = events_now();
    done(page, 0);
    expect_ready(from, 1, id);
}

void conf_A3_31_priority(void)
{
    u64 *page;
    u32 id, from;

    if (!apf_start() || !(page = page_told(&id)))
        return;
    __asm__ volatile("mov %0, %%cr8" : : "r"(15ul));
    from = events_now();
    done(page, 0);
    expect_quiet(from);
    expect(slot_reports(), "the slot reports ready; the interrupt waits for the task priority");
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ul));
    expect_ready(from, 1, id);
}

/* The host could not get the page, once: ready all the same, and the next access is not told but succeeds (A3-95). */
void conf_A0_3_failed_read(void)
{
    u64 *page;
    u32 id, from;

    if (!apf_start() || !(page = page_told(&id)))
        return;
    from = events_now();
    expect(hook(HOOK_FAIL, page_frame(page), 0) >= 0, "the test hook does FAIL");
    expect_ready(from, 1, id);
    from = events_now();
    expect(touch(page, READ) && !events_since(from, EV_ABSENT), "the next access is not told of");
    expect_contents(page);
}
