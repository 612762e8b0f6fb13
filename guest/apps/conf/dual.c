/* SPDX-License-Identifier: BSD-2-Clause */
/* dual.c: a host that speaks PF2 and INT: bit 8 of the vector says which when EN is written. */
#include "conf.h"

void conf_A5_5_form(void)
{
    u32 from = events_now();
    struct event *e;

    apf_write(en_bits());
    e = expect_one_wake_all(from);
    if (!e)
        return;
    expect_eq("word 0", e->word0, dialect == D_PF2 ? APF_REASON_READY : 0);
    expect_eq("token", e->token, APF_TOKEN_WAKE_ALL);
}

void conf_A5_5_latch(void)
{
    u64 vector;
    u32 from;

    if (!apf_start())
        return;
    vector = msr_get(PV_MSR_APF_VEC);
    expect(!msr_write(PV_MSR_APF_VEC, vector ^ APF_PF2_ON), "#GP for the other bit 8; seen: none");
    expect_eq("the vector after #GP", msr_get(PV_MSR_APF_VEC), vector);
    expect_quiet(events_now());
    from = events_now();
    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    expect_wake_all(from);
    msr_set(PV_MSR_APF_EN, 0);
    msr_set(PV_MSR_APF_VEC, vector ^ APF_PF2_ON);
}

/* One after the other, with EN = 0 between. */
void conf_A5_5_change(void)
{
    conf_A5_5_form();
    apf_stop();
    dialect = dialect == D_PF2 ? D_INT : D_PF2;
    *this_cpu()->apf.slot = (struct apf_slot){0};
    conf_A5_5_form();
}
