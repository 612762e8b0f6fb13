/* SPDX-License-Identifier: BSD-2-Clause */
/* halted.c: the artificial halt, in which a vCPU waits for a page that it must not be told of (A0-8, A3-50). */
#include "apic.h"
#include "conf.h"

#define SERVED 3    /* interrupts in one halt */
#define SHORT  3000 /* us */

static u64 *waited_for;
static unsigned served;

/* At CPL 0 without SEND_ALWAYS. */
static bool halt_for(u64 *page)
{
    return apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS) && touch_at(0, page, READ);
}

static bool is_awaited(const void *page)
{
    for (u64 end = time_us() + SOON; page_state(page) != HOOK_IS_AWAITED;)
        if (time_us() > end)
            return expect(false, "a CPU that waits for the page");
    return true;
}

/* Another interrupt, until enough of them have come in the halt. */
static void rearm(struct event *e)
{
    if (e->kind != EV_IRQ || e->vector != TIMER)
        return;
    served += e->rip == touch_rip_at(0, READ);
    if (served < SERVED)
        apic_timer_us(1000);
    else
        done(waited_for, 0);
}

/* The guest's interrupts are served, and the access is tried again after each. */
void conf_A0_8_interrupts(void)
{
    u32 from;
    bool made;

    if (!apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS))
        return;
    waited_for = page_new();
    served = 0;
    miss(waited_for, HELD);
    from = events_now();
    this_cpu()->on_event = rearm;
    apic_timer_us(1000);
    made = touch_at(0, waited_for, READ);
    this_cpu()->on_event = NULL;
    expect(made, "the access is made");
    expect(served >= SERVED, "%u timer interrupts at the access; seen: %u, and %u elsewhere", SERVED, served,
           events_since(from, EV_IRQ) - served);
}

/* The page does not come before the NMI has. */
static void send_nmi(void *page)
{
    u64 end = time_us() + SOON;
    u32 before;

    is_awaited(page);
    before = at_load_acq(&cpus[0].logged);
    apic_ipi(cpus[0].apic_id, APIC_ICR_ASSERT | APIC_ICR_NMI);
    while (at_load_acq(&cpus[0].logged) == before && time_us() < end)
        at_relax();
    done(page, 0);
}

void conf_A0_8_nmi(void)
{
    u64 *page = page_new();
    struct event *e;
    u32 from;

    miss(page, HELD);
    from = events_now();
    cpu_start(1, send_nmi, page);
    expect(halt_for(page), "the access is made");
    cpu_wait(1);
    e = event_since(from, EV_NMI, 0);
    if (expect(e, "the NMI; seen: none"))
        expect_eq("RIP of the NMI", e->rip, touch_rip_at(0, READ));
}

static void halt_there(void *page)
{
    halt_for(page);
}

/* It does not wait for the page. */
void conf_A0_8_init(void)
{
    u64 *page = page_new();

    miss(page, HELD);
    cpu_start(1, halt_there, page);
    if (is_awaited(page) && cpu_reset(1))
        expect_eq("state of the page when the CPU is up again", (u64)page_state(page), HOOK_IS_AWAITED);
}

static u64 *other;

static void other_comes(struct event *e)
{
    if (e->kind == EV_READY)
        done(other, 0);
}

/* The page that the CPU halts for comes because the ready event of another one has. True: in the halt. */
static bool ready_in_halt(void)
{
    u64 *page = page_new();
    u32 from;

    other = page_new();
    miss(page, HOOK_HOLD);
    miss(other, HELD);
    if (!expect(!touch_at(3, page, READ), "a not-present event at CPL 3"))
        return true;
    from = events_now();
    cli(); /* the handler uses the hook, too */
    done(page, 4 * SHORT);
    this_cpu()->on_event = other_comes;
    sti();
    expect(touch_at(0, other, READ), "the access is made");
    this_cpu()->on_event = NULL;
    return expect(event_wait(from, EV_READY, 1, SOON), "ready") &&
           event_since(from, EV_READY, 0)->rip == touch_rip_at(0, READ);
}

void conf_A3_32_halted(void)
{
    bool seen = false;

    if (!apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS))
        return;
    for (unsigned i = 0; i < 5 && !seen; i++) /* a loaded machine may be late for the halt */
        seen = ready_in_halt();
    expect(seen, "ready at the access that the CPU halts for; seen: elsewhere");
}
