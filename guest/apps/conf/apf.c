/* SPDX-License-Identifier: BSD-2-Clause */
/* apf.c: asynchronous page faults on and off, in the dialect that the row runs in. */
#include "conf.h"

unsigned dialect;

u64 en_bits(void)
{
    return APF_EN_ON | APF_EN_ALWAYS | (dialect == D_LEGACY ? 0 : APF_EN_INT);
}

void apf_write(u64 bits)
{
    struct cpu *c = this_cpu();

    c->apf.dialect = dialect;
    if (dialect == D_PF2)
        msr_set(PV_MSR_APF_PF2, APF_PF2_ON | c->apf.vector);
    if (dialect == D_INT)
        msr_set(PV_MSR_APF_VEC, c->apf.vector);
    msr_set(PV_MSR_APF_EN, (u64)(uintptr_t)c->apf.slot | bits);
}

struct event *expect_wake_all(u32 from)
{
    struct event *e = event_wait(from, EV_READY, 1, SOON);
    bool right = e && e->id == APF_TOKEN_WAKE_ALL;

    expect(right, "wake-all; seen: %s 0x%x", e ? "ready for" : "nothing", e ? e->id : 0);
    return right ? e : NULL;
}

struct event *expect_one_wake_all(u32 from)
{
    struct event *e = expect_wake_all(from);

    if (e) {
        expect_quiet(events_now());
        expect_eq("ready events", events_since(from, EV_READY), 1);
    }
    return e;
}

bool apf_start_with(u64 bits)
{
    u32 from = events_now();

    *this_cpu()->apf.slot = (struct apf_slot){0};
    apf_write(bits);
    return expect_wake_all(from);
}

bool apf_start(void)
{
    return apf_start_with(en_bits());
}

void apf_stop(void)
{
    msr_set(PV_MSR_APF_EN, 0);
    this_cpu()->apf.dialect = 0;
}

bool slot_reports(void)
{
    const struct cpu *c = this_cpu();

    return c->apf.dialect == D_INT ? at_load(&c->apf.slot->token)
                                   : at_load(&c->apf.slot->word0) == APF_REASON_READY;
}

bool slot_reports_soon(void)
{
    for (u64 end = time_us() + SOON; !slot_reports();)
        if (time_us() > end)
            return false;
    return true;
}

void ready_free(void)
{
    struct cpu *c = this_cpu();

    if (c->apf.dialect == D_INT)
        at_store(&c->apf.slot->token, 0);
    else
        at_store(&c->apf.slot->word0, 0);
}

void ready_ack(void)
{
    if (this_cpu()->apf.dialect != D_LEGACY)
        msr_set(PV_MSR_APF_ACK, APF_ACK_READY);
}
