/* SPDX-License-Identifier: BSD-2-Clause */
/* gate.c: what else ready waits for: the local APIC, the task priority, a vector that can be dispatched (A3-31). */
#include "apic.h"
#include "conf.h"

static bool tell(u64 **page, u32 *id)
{
    struct event *e;

    *page = page_new();
    miss(*page, HOOK_HOLD);
    e = touch_absent(*page);
    if (e)
        *id = e->id;
    return e;
}

static void expect_ready(u32 from, u32 id)
{
    struct event *e = event_wait(from, EV_READY, 1, SOON);

    if (expect(e, "ready for 0x%x; seen: nothing", id))
        expect_eq("token of ready", e->id, id);
}

void conf_A3_31_apic_off(void)
{
    u64 *page;
    u32 id, from;

    if (!apf_start() || !tell(&page, &id))
        return;
    apic_software(false);
    from = events_now();
    done(page, 0);
    expect_quiet(from);
    expect(!slot_reports(), "the slot is not written while the local APIC is off");
    apic_software(true);
    expect_ready(from, id);
}

/* A guest started by a loader without firmware: EN first, the local APIC later (A0-15). */
void conf_A3_33_enable_later(void)
{
    u32 from = events_now();

    apic_software(false);
    apf_write(en_bits());
    expect_quiet(from);
    apic_software(true);
    expect_ready(from, APF_TOKEN_WAKE_ALL);
}

void conf_A3_31_apic_base(void)
{
    u64 *page, base = rdmsr(MSR_APIC_BASE);
    u32 id, from;

    if (!apf_start() || !tell(&page, &id))
        return;
    wrmsr(MSR_APIC_BASE, base & ~(u64)(MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC));
    from = events_now();
    done(page, 0);
    expect_quiet(from);
    apic_up(); /* its registers are those after reset */
    expect_ready(from, id);
}

static void wake_by_nmi(void *arg)
{
    (void)arg;
    spin_us(20000);
    apic_ipi(cpus[0].apic_id, APIC_ICR_ASSERT | APIC_ICR_NMI);
}

/* A completion that cannot be delivered is no reason for a HLT not to halt. */
void conf_A0_15_halt(void)
{
    u64 *page, start;
    u32 id, from;
    s32 busy;

    if (!apf_start() || !tell(&page, &id))
        return;
    apic_software(false);
    done(page, 0);
    from = events_now();
    cpu_start(1, wake_by_nmi, NULL);
    start = time_us();
    busy = hook(HOOK_COUNT, 0, HOOK_COUNT_BUSY_US);
    for (unsigned tries = 0; tries < 50 && !events_since(from, EV_NMI); tries++)
        hlt();
    busy = hook(HOOK_COUNT, 0, HOOK_COUNT_BUSY_US) - busy;
    start = time_us() - start;
    cpu_wait(1);
    expect(events_since(from, EV_NMI), "the NMI that ends the HLT");
    expect((u64)busy < start * 8 / 5, "less than 1.6 of 2 vCPUs busy while one halts; seen: %d us in %lu",
           busy, start);
    apic_software(true);
    expect_ready(from, id);
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
    if (!apf_start() || !tell(&page, &id))
        return;
    from = events_now();
    done(page, 0);
    expect_ready(from, id);
}

void conf_A3_31_priority(void)
{
    u64 *page;
    u32 id, from;

    if (!apf_start() || !tell(&page, &id))
        return;
    __asm__ volatile("mov %0, %%cr8" : : "r"(15ul));
    from = events_now();
    done(page, 0);
    expect_quiet(from);
    expect(slot_reports(), "the slot reports ready; the interrupt waits for the task priority");
    __asm__ volatile("mov %0, %%cr8" : : "r"(0ul));
    expect_ready(from, id);
}

/* The host could not get the page, once: ready all the same, and the next access is not told but succeeds (A3-95). */
void conf_A0_3_failed_read(void)
{
    u64 *page;
    u32 id, from;

    if (!apf_start() || !tell(&page, &id))
        return;
    from = events_now();
    expect(hook(HOOK_FAIL, page_frame(page), 0) >= 0, "the test hook does FAIL");
    expect_ready(from, id);
    from = events_now();
    expect(touch(page, READ) && !events_since(from, EV_ABSENT), "the next access is not told of");
    expect_contents(page);
}
