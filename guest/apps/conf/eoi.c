/* SPDX-License-Identifier: BSD-2-Clause */
/* eoi.c: the end of an interrupt by a bit in memory (A7-7). */
#include "apic.h"
#include "conf.h"

#define LOW  0x51
#define HIGH 0x61

static u32 word __attribute__((aligned(64)));
static unsigned ended, skipped;
static bool skipped_first;

/* One read-modify-write that needs no lock: the word belongs to this CPU. */
static bool test_and_clear(void)
{
    bool was;

    __asm__ volatile("btrl $0, %1" : "=@ccc"(was), "+m"(word) : : "memory");
    return was;
}

static void end_of_interrupt(struct event *e)
{
    (void)e;
    if (test_and_clear())
        skipped++;
    else
        apic_eoi();
    if (!ended++)
        skipped_first = skipped;
}

static void on(void)
{
    word = 0;
    ended = skipped = 0;
    this_cpu()->eoi_by_case = true;
    this_cpu()->on_event = end_of_interrupt;
    msr_set(PV_MSR_EOI, (u64)(uintptr_t)&word | PV_EOI_ON);
}

static void off(void)
{
    msr_set(PV_MSR_EOI, 0);
    this_cpu()->on_event = NULL;
    this_cpu()->eoi_by_case = false;
}

static void self(u8 vector)
{
    apic_ipi(this_cpu()->apic_id, APIC_ICR_ASSERT | APIC_ICR_FIXED | vector);
}

/* The local APIC and its owner agree: nothing is in service any more. */
static void expect_idle(u8 vector)
{
    expect(!apic_bit(APIC_ISR, vector), "vector 0x%x is in service no more", vector);
    expect_eq("the word", at_load(&word) & PV_EOI_SKIP, 0);
}

void conf_A7_7_reserved(void)
{
    u64 before = msr_get(PV_MSR_EOI);

    expect(!msr_write(PV_MSR_EOI, (u64)(uintptr_t)&word | PV_EOI_ON | PV_EOI_RSVD),
           "#GP for bit 1; seen: none");
    expect_eq("the MSR after #GP", msr_get(PV_MSR_EOI), before);
}

/* The same vector again and again: each comes only if the one before it has ended. */
void conf_A7_7_again(void)
{
    u32 from = events_now();

    on();
    for (unsigned i = 1; i <= 20; i++) {
        self(HIGH);
        if (!expect(event_wait(from, EV_IRQ, i, SOON), "interrupt %u of 20", i))
            break;
    }
    expect_idle(HIGH);
    off();
    note("%u of 20 ends of interrupt were skipped", skipped);
}

/* Two wait at once: the second must come after the first, which a skipped end would not let the host notice. */
void conf_A7_7_pending(void)
{
    u32 from = events_now();

    on();
    cli();
    self(LOW);
    self(HIGH);
    sti();
    expect(event_wait(from, EV_IRQ, 2, SOON), "both interrupts; seen: %u", events_since(from, EV_IRQ));
    expect(!skipped_first, "an end to be written while another interrupt waits; seen: one to be skipped");
    for (unsigned i = 0; i < 2 && event_since(from, EV_IRQ, i); i++)
        expect_eq("vector", event_since(from, EV_IRQ, i)->vector, i ? LOW : HIGH);
    expect_idle(LOW);
    expect_idle(HIGH);
    off();
}

/* A second one comes in while the first is in service. */
void conf_A7_7_during(void)
{
    u32 from = events_now();

    on();
    this_cpu()->on_event = NULL;
    self(HIGH);
    if (expect(event_wait(from, EV_IRQ, 1, SOON), "the interrupt")) {
        self(LOW); /* lower, so it waits for the end of the first */
        spin_us(500);
        expect(events_since(from, EV_IRQ) == 1,
               "one interrupt before the end of the first; seen: %u, vector 0x%x", events_since(from, EV_IRQ),
               this_cpu()->log[(events_now() - 1) % EVENTS_MAX].vector);
        this_cpu()->on_event = end_of_interrupt;
        end_of_interrupt(NULL);
        expect(event_wait(from, EV_IRQ, 2, SOON), "the one that waited");
    }
    expect_idle(LOW);
    off();
}

void conf_A7_7_apf(void)
{
    u64 *page;

    if (!apf_start())
        return;
    on();
    for (unsigned i = 0; i < 10; i++) {
        u32 from;

        page = page_new();
        miss(page, HOOK_HOLD);
        if (!touch_absent(page))
            break;
        from = events_now();
        done(page, 0);
        if (!expect(event_wait(from, EV_READY, 1, SOON), "ready %u", i))
            break;
    }
    expect_idle(VECTOR);
    off();
}
