/* SPDX-License-Identifier: BSD-2-Clause */
/* refuse.c: when a guest must not be told: the access is made all the same, after the page has come (A0-6 … A0-9). */
#include "apic.h"
#include "conf.h"

#define SHORT 3000  /* us that a page takes */
#define LONG  30000 /* the same where something has to happen meanwhile */

bool touch_after_sti(void *), touch_after_mov_ss(void *);

/* The access was made, and nobody was told. */
static void expect_untold(bool made, u32 from, const u64 *page)
{
    expect(made && !events_since(from, EV_ABSENT), "no not-present event; seen: one, token 0x%x",
           events_since(from, EV_ABSENT) ? event_since(from, EV_ABSENT, 0)->id : 0);
    expect_contents(page);
}

void conf_A0_9_if_clear(void)
{
    u64 *page = page_new();
    u32 from;
    bool made;

    if (!apf_start())
        return;
    miss(page, SHORT);
    from = events_now();
    cli();
    made = touch(page, READ);
    sti();
    expect_untold(made, from, page);
    expect_quiet(from);
}

void conf_A0_9_sti_shadow(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    miss(page, SHORT);
    from = events_now();
    cli();
    expect_untold(!touch_after_sti(page), from, page);
}

void conf_A0_9_mov_ss_shadow(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    miss(page, SHORT);
    from = events_now();
    expect_untold(!touch_after_mov_ss(page), from, page);
}

/* The stack that an interrupt is to be delivered on is absent: the interrupt comes once, and nothing else before it. */
void conf_A0_9_delivery(void)
{
    u64 *stack = page_new(), *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    cpu_user_stack(stack + PAGE_WORDS);
    miss(stack, SHORT);
    from = events_now();
    cli();
    apic_ipi(this_cpu()->apic_id, APIC_ICR_ASSERT | APIC_ICR_FIXED | TIMER);
    touch_user_open(page);
    sti();
    event_wait(from, EV_IRQ, 1, SOON);
    cpu_user_stack(NULL);
    expect_eq("interrupts", events_since(from, EV_IRQ), 1);
    expect_eq("not-present events", events_since(from, EV_ABSENT), 0);
}

/* An exception would overwrite CR2, which a handler that has not read it yet still needs. */
void conf_A0_9_cr2_kept(void)
{
    const u64 x = 0x1234567890;
    u64 *page = page_new(), seen;

    if (!apf_start())
        return;
    miss(page, SHORT);
    cli();
    write_cr2(x);
    touch_at(0, page, READ);
    seen = read_cr2();
    sti();
    expect_eq("CR2", seen, x);
}

/* Without bit 1 of EN CPL 0 is not told; the vCPU halts until the page is there, and gets no ready for it (A0-11). */
void conf_A3_38_kernel(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS))
        return;
    miss(page, SHORT);
    from = events_now();
    expect_untold(touch_at(0, page, READ), from, page);
    expect_quiet(from);
    expect(!slot_reports(), "a slot that reports nothing");
}

/* The same, of a bit that was set until just now. */
void conf_A3_37_bits(void)
{
    u64 *page = page_new();
    u32 from = events_now();

    if (!apf_start())
        return;
    apf_write(en_bits() & ~(u64)APF_EN_ALWAYS);
    if (!expect(event_wait(from, EV_READY, 2, SOON), "a second wake-all"))
        return;
    miss(page, SHORT);
    from = events_now();
    expect_untold(touch_at(0, page, READ), from, page);
}

void conf_A3_38_user(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS))
        return;
    miss(page, HOOK_HOLD);
    from = events_now();
    if (!expect(!touch_at(3, page, READ), "a not-present event at CPL 3; seen: none"))
        return;
    done(page, 0);
    if (expect(event_wait(from, EV_READY, 1, SOON), "ready"))
        expect_eq("token", event_since(from, EV_READY, 0)->id, event_since(from, EV_ABSENT, 0)->id);
}

/* A page that is waited for already, touched once more on the same vCPU. */
void conf_A0_7_again(void)
{
    u64 *page = page_new();
    struct event *told;
    u32 from;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    told = touch_absent(page);
    if (!told)
        return;
    from = events_now();
    done(page, LONG);
    expect_untold(touch(page, READ), from, page);
    if (expect(event_wait(from, EV_READY, 1, SOON), "ready for the first touch"))
        expect_eq("token", event_since(from, EV_READY, 0)->id, told->id);
    expect_eq("ready events", events_since(from, EV_READY), 1);
}

struct other {
    u64 *page;
    u32 id, touched;
    bool told;
};

static void touch_there(void *arg)
{
    struct other *o = arg;
    u32 from;

    if (!apf_start())
        return;
    from = events_now();
    o->told = !touch(o->page, READ);
    if (o->told)
        o->id = event_since(from, EV_ABSENT, 0)->id;
    at_store_rel(&o->touched, 1);
    event_wait(from, EV_READY, 1, 2 * SOON);
    apf_stop();
}

/* … and on another one: that has a token of its own. */
void conf_A0_7_elsewhere(void)
{
    struct other o = {.page = page_new()};
    struct event *told;
    u32 from;

    if (!apf_start())
        return;
    miss(o.page, HOOK_HOLD);
    told = touch_absent(o.page);
    if (!told)
        return;
    from = events_now();
    cpu_start(1, touch_there, &o);
    for (u64 end = time_us() + SOON; !at_load_acq(&o.touched) && time_us() < end;)
        at_relax();
    done(o.page, 0);
    cpu_wait(1);
    expect(event_wait(from, EV_READY, 1, SOON), "ready on CPU 0");
    if (expect(o.told, "a not-present event on CPU 1"))
        expect(o.id != told->id, "two tokens; seen: 0x%x twice", o.id);
}

/* n pages are told of, and one more is not: what was queued before counts too. Then all come. */
static void told_and_no_more(unsigned n)
{
    u64 *page[APF_PER_VCPU], *more = page_new();
    u32 from;

    for (unsigned i = 0; i < n; i++) {
        page[i] = page_new();
        miss(page[i], HOOK_HOLD);
        if (!touch_absent(page[i]))
            return;
    }
    miss(more, SHORT);
    from = events_now();
    expect_untold(touch(more, READ), from, more);
    for (unsigned i = 0; i < n; i++)
        done(page[i], 0);
}

static void expect_all_ready(u32 from)
{
    event_wait(from, EV_READY, APF_PER_VCPU, 5 * SOON);
    expect_eq("ready events", events_since(from, EV_READY), APF_PER_VCPU);
}

void conf_A0_6_limit(void)
{
    u32 from;

    if (!apf_start())
        return;
    from = events_now();
    told_and_no_more(APF_PER_VCPU);
    expect_all_ready(from);
}

/* A wake-all that the slot keeps waiting. */
void conf_A0_6_wake_all(void)
{
    u32 from;

    if (!apf_start())
        return;
    at_store(&this_cpu()->apf.slot->token, 0x1234);
    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    from = events_now();
    told_and_no_more(APF_PER_VCPU - 1);
    ready_free();
    ready_ack();
    expect_all_ready(from);
}

/* PF2: a marker that was not cleared. */
void conf_A2_10_busy(void)
{
    u64 *first = page_new(), *second = page_new();
    u32 from;

    if (!apf_start())
        return;
    this_cpu()->apf.keep_marker = true;
    miss(first, HOOK_HOLD);
    if (!touch_absent(first))
        return;
    miss(second, SHORT);
    from = events_now();
    expect_untold(touch(second, READ), from, second);
}
