/* SPDX-License-Identifier: BSD-2-Clause */
/* enable.c: activation in the three dialects, the wake-all it sends, and activation while active. */
#include "conf.h"

#define OTHER_VECTOR 0x51

void conf_A1_10_wake_all(void)
{
    u32 from = events_now();
    struct event *e;

    apf_write(en_bits());
    e = expect_one_wake_all(from);
    if (e)
        expect_eq("reason", e->word0, APF_REASON_READY);
}

void conf_A3_30_wake_all(void)
{
    u32 from = events_now();
    struct event *e;

    apf_write(en_bits());
    e = expect_one_wake_all(from);
    if (!e)
        return;
    expect_eq("flags", e->word0, 0);
    expect_eq("vector", e->vector, VECTOR);
}

/* Not while IF = 0, and then it is not lost. */
void conf_A1_16_if_0(void)
{
    u32 from = events_now();

    cli();
    apf_write(en_bits());
    spin_us(QUIET);
    expect_eq("events with IF = 0", events_since(from, EV_READY), 0);
    expect_eq("reason with IF = 0", at_load(&this_cpu()->apf.slot->word0), 0);
    sti();
    expect_one_wake_all(from);
}

static void again(void)
{
    u32 from;

    if (!apf_start())
        return;
    for (unsigned i = 0; i < 2; i++) {
        from = events_now();
        msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
        expect_one_wake_all(from);
    }
}

void conf_A1_10_again(void)
{
    again();
}

void conf_A2_20_again(void)
{
    again();
}

void conf_A3_30_again(void)
{
    again();
}

/* While one waits for the slot, none is added. */
void conf_A3_30_merged(void)
{
    u32 from = events_now();

    this_cpu()->apf.keep_ready = true;
    if (!apf_start())
        return;
    for (unsigned i = 0; i < 3; i++)
        msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    expect_eq("events while the slot is busy", events_since(from, EV_READY), 1);
    this_cpu()->apf.keep_ready = false;
    from = events_now();
    ready_free();
    ready_ack();
    expect_one_wake_all(from);
}

/* The gating word of the slot as the guest left it: the host waits (A2-10, A3-31). */
static void busy(u32 word0, u32 token)
{
    struct apf_slot *s = this_cpu()->apf.slot;
    u32 from = events_now();

    s->word0 = word0;
    s->token = token;
    apf_write(en_bits());
    expect_quiet(from);
    expect_eq("word 0", at_load(&s->word0), word0);
    expect_eq("token", at_load(&s->token), token);
    ready_free();
    ready_ack();
    expect_one_wake_all(from);
}

void conf_A2_10_preset(void)
{
    busy(APF_REASON_NOT_PRESENT, 0);
}

void conf_A3_31_preset(void)
{
    busy(0, 0x1234);
}

/* A token that is left over holds nothing back. */
void conf_A2_11_token(void)
{
    u32 from = events_now();

    this_cpu()->apf.slot->token = 0x1234;
    apf_write(en_bits());
    expect_one_wake_all(from);
}

/* All that is not both bits is off. */
void conf_A3_26_both_bits(void)
{
    u32 from = events_now();

    for (u64 bits = 0; bits < 16; bits++) {
        if ((bits & APF_EN_VMEXIT) || ((bits & APF_EN_ON) && (bits & APF_EN_INT)))
            continue;
        apf_write(bits);
        expect(!slot_reports(), "the slot free after EN bits 0x%lx", bits);
    }
    expect_quiet(from);
    apf_write(en_bits());
    expect_one_wake_all(from);
}

/* Accepted, read back, never used. */
static void no_slot_needed(u64 value)
{
    u32 from = events_now();

    apf_write(0);
    msr_set(PV_MSR_APF_EN, value);
    expect_eq("EN", msr_get(PV_MSR_APF_EN), value);
    expect_quiet(from);
}

void conf_A3_15_hole(void)
{
    no_slot_needed(host_hole() | APF_EN_ON | APF_EN_ALWAYS);
}

void conf_A3_16_hole(void)
{
    no_slot_needed(host_hole() | APF_EN_INT | APF_EN_ALWAYS);
}

/* After a slot with vector 0: it says wake-all, and no interrupt ever comes; how to go on from there. */
void conf_A3_41_vector_0(void)
{
    u32 from = events_now();

    this_cpu()->apf.vector = 0;
    apf_write(en_bits());
    expect(slot_reports_soon(), "wake-all in the slot");
    expect_quiet(from);
    expect(!events_since(from, EV_IRQ), "no interrupt");
    this_cpu()->apf.vector = VECTOR;
    msr_set(PV_MSR_APF_VEC, VECTOR);
    expect_quiet(from);
    expect(slot_reports(), "the slot still busy");
    ready_free();
    ready_ack();
    expect_quiet(from);
    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    expect_one_wake_all(from);
}

/* What waits behind a busy slot is raised on the vector that is in force then. */
void conf_A3_42_vector(void)
{
    struct cpu *c = this_cpu();
    struct event *e;
    u32 from;

    c->apf.keep_ready = true;
    if (!apf_start())
        return;
    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    c->apf.keep_ready = false;
    c->apf.vector = OTHER_VECTOR;
    msr_set(PV_MSR_APF_VEC, OTHER_VECTOR);
    from = events_now();
    ready_free();
    ready_ack();
    e = expect_one_wake_all(from);
    if (e)
        expect_eq("vector", e->vector, OTHER_VECTOR);
    expect(!events_since(from, EV_IRQ), "nothing on the old vector");
}
