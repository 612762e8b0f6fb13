/* SPDX-License-Identifier: BSD-2-Clause */
/* pf2.c: PF2 is on when two registers say so: in which order, and what happens between. */
#include "conf.h"
#include "apic.h"

#define EN_PF2 (APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT)

/* Handlers know the dialect, EN has these bits, and the vector is untouched. */
static void en_alone(u64 bits)
{
    struct cpu *c = this_cpu();

    c->apf.dialect = D_PF2;
    msr_set(PV_MSR_APF_EN, (u64)(uintptr_t)c->apf.slot | bits);
}

static void vector_on(void)
{
    msr_set(PV_MSR_APF_PF2, APF_PF2_ON | VECTOR);
}

static void expect_slot_0(void)
{
    expect_eq("reason in the slot", at_load(&this_cpu()->apf.slot->word0), 0);
    expect_eq("token in the slot", at_load(&this_cpu()->apf.slot->token), 0);
}

void conf_A2_20_vector_first(void)
{
    u32 from = events_now();

    vector_on();
    expect_quiet(from);
    expect_slot_0();
    en_alone(EN_PF2);
    expect_one_wake_all(from);
}

void conf_A2_22_en_first(void)
{
    u32 from = events_now();

    en_alone(EN_PF2);
    expect_quiet(from);
    expect_slot_0();
    vector_on();
    expect_one_wake_all(from);
}

void conf_A2_20_vector_again(void)
{
    u32 from;

    if (!apf_start())
        return;
    from = events_now();
    vector_on();
    expect_one_wake_all(from);
}

/* Without bit 3 nothing depends on the vector, and ready is #PF. */
void conf_A2_20_bit_3_clear(void)
{
    u32 from = events_now();
    struct event *e;

    en_alone(EN_PF2 & ~APF_EN_INT);
    e = expect_wake_all(from);
    if (!e)
        return;
    expect_eq("exception", e->vector, 14);
    expect_eq("CR2", e->cr2, APF_TOKEN_WAKE_ALL);
    expect_eq("reason", e->word0, APF_REASON_READY);
}

void conf_A2_23_incomplete(void)
{
    u64 *page = page_new();
    u32 from = events_now();

    en_alone(EN_PF2);
    miss(page, 5000);
    expect(touch(page, READ), "the access made; seen: a not-present event");
    expect_contents(page);
    expect_slot_0();
    expect_quiet(from);
    vector_on();
    expect_one_wake_all(from);
}

/* Interrupts need not be open for ready to be raised. */
void conf_A2_24_if_0(void)
{
    u32 from = events_now();

    cli();
    apf_write(en_bits());
    expect(slot_reports_soon(), "wake-all in the slot while IF = 0");
    expect(apic_bit(APIC_IRR, VECTOR), "its vector in IRR");
    expect_eq("events with IF = 0", events_since(from, EV_READY), 0);
    sti();
    expect_one_wake_all(from);
}

void conf_A2_25_apic_off(void)
{
    u32 from = events_now();

    apic_software(false);
    apf_write(en_bits());
    expect_quiet(from);
    expect_slot_0();
    apic_software(true);
    expect_one_wake_all(from);
}

void conf_A2_26_held(void)
{
    u64 *page = page_new();
    struct event *told, *e;
    u32 from;

    if (!apf_start())
        return;
    miss(page, HELD);
    told = touch_absent(page);
    msr_set(PV_MSR_APF_PF2, VECTOR);
    from = events_now();
    done(page, 0);
    if (!told)
        return;
    expect_quiet(from);
    expect_eq("reason in the slot", at_load(&this_cpu()->apf.slot->word0), 0);
    vector_on();
    e = event_wait(from, EV_READY, 2, SOON);
    if (!expect(e, "ready and wake-all; seen: %u events", events_since(from, EV_READY)))
        return;
    expect_eq("the first of them", event_since(from, EV_READY, 0)->id, told->id);
    expect_eq("the second", e->id, APF_TOKEN_WAKE_ALL);
    expect_quiet(events_now());
}

/* While EN is off, a vector is a value and nothing more. */
void conf_A2_27_vector_alone(void)
{
    u32 from = events_now();

    this_cpu()->apf.dialect = D_PF2;
    vector_on();
    expect_quiet(from);
    expect_slot_0();
    en_alone(APF_EN_INT);
    expect_quiet(from);
    expect_slot_0();
    en_alone(EN_PF2);
    expect_one_wake_all(from);
}
