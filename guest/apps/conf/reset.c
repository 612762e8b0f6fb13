/* SPDX-License-Identifier: BSD-2-Clause */
/* reset.c: INIT to CPU 1, and what it finds when it is up again. */
#include "conf.h"

#define WAIT_US 50000 /* until the host has the page; an INIT that waits for it comes to an end */

struct told {
    u64 *page;
    u32 token[2]; /* before INIT and after */
};

static bool there(void (*job)(void *), void *arg)
{
    cpu_start(1, job, arg);
    return cpu_wait(1);
}

static void activate(void *unused)
{
    (void)unused;
    apf_start();
}

static void expect_off(void *unused)
{
    (void)unused;
    expect_eq("EN after INIT", msr_get(PV_MSR_APF_EN), 0);
    if (dialect != D_LEGACY)
        expect_eq("the vector after INIT", msr_get(PV_MSR_APF_VEC), 0);
    expect_quiet(events_now());
}

void conf_A3_50_init(void)
{
    if (!there(activate, NULL) || !cpu_reset(1))
        return;
    if (there(expect_off, NULL))
        there(activate, NULL);
}

/* Absent, told of, and given up. */
static void be_told(void *arg)
{
    struct told *t = arg;
    struct event *e;

    t->page = page_new();
    if (!apf_start())
        return;
    miss(t->page, HELD);
    e = touch_absent(t->page);
    t->token[1] = e ? e->id : 0;
    done(t->page, WAIT_US);
}

static void only_wake_all(void *arg)
{
    struct told *t = arg;
    u32 from = events_now();

    spin_us(WAIT_US);
    expect_quiet(from);
    expect_contents(t->page);
    *this_cpu()->apf.slot = (struct apf_slot){0};
    from = events_now();
    apf_write(en_bits());
    expect_one_wake_all(from);
}

void conf_A3_50_dropped(void)
{
    struct told t;

    if (there(be_told, &t) && t.token[1] && cpu_reset(1))
        there(only_wake_all, &t);
}

void conf_A3_50_tokens(void)
{
    struct told t;

    if (!there(be_told, &t) || !cpu_reset(1))
        return;
    t.token[0] = t.token[1];
    if (there(be_told, &t))
        expect(t.token[1] != t.token[0], "another token than before INIT; seen: 0x%x again", t.token[1]);
}

/* EN alone: the vector of before INIT is gone (T-A-048). */
static void en_alone(void *unused)
{
    struct cpu *c = this_cpu();
    u32 from = events_now();

    (void)unused;
    *c->apf.slot = (struct apf_slot){0};
    c->apf.dialect = D_INT;
    c->apf.keep_ready = true;
    msr_set(PV_MSR_APF_EN, (u64)(uintptr_t)c->apf.slot | en_bits());
    expect(slot_reports_soon(), "wake-all in the slot");
    expect_quiet(from);
}

void conf_A3_50_vector(void)
{
    if (there(activate, NULL) && cpu_reset(1))
        there(en_alone, NULL);
}
