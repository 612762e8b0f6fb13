/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_pf2.c: the PF2 dialect: one slot word for both events, MSR 06 with an enable bit; and `dual` (A2, A5-5). */
#include "apf_rig.h"

#define BY_INT (APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT)
#define BY_PF  (APF_EN_ON | APF_EN_ALWAYS)
#define VEC_ON (APF_PF2_ON | WORLD_VECTOR)

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_PF2});
    v = world.v;
    return 0;
}

static int setup_dual(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_DUAL});
    v = world.v;
    return 0;
}

static void set_vec(u64 value)
{
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_PF2, value), OUTCOME_DONE);
}

/* What the slot says, which is then emptied; as A2-12 has it, the token stays. */
static void expect_slot(u32 reason, u32 token)
{
    assert_int_equal(world_slot(v, REASON), reason);
    assert_int_equal(world_slot(v, TOKEN), token);
    world_slot_set(v, REASON, 0);
}

static void expect_ready(u32 token)
{
    expect_interrupt(WORLD_VECTOR);
    expect_slot(APF_REASON_READY, token);
    ack();
    eoi();
}

static void enable(void)
{
    set_vec(VEC_ON);
    set_en(BY_INT);
    expect_ready(APF_TOKEN_WAKE_ALL);
}

static u32 miss(u64 page)
{
    struct fake_injection i;

    world_touch(v, page);
    world_enter(v);
    i = world_next(v);
    assert_int_equal(i.event, FAKE_PF);
    assert_int_equal(i.cr2 >> 32, 0);
    expect_slot(APF_REASON_NOT_PRESENT, (u32)i.cr2); /* T-A-081 */
    ack();
    return (u32)i.cr2;
}

/* T-A-040, A2-20 */
static void en_first(void **state)
{
    (void)state;
    set_en(BY_INT);
    expect_quiet();
    assert_int_equal(world_slot(v, REASON), 0);
    set_vec(VEC_ON);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
}

/* T-A-041 */
static void vec_first(void **state)
{
    (void)state;
    set_vec(VEC_ON);
    expect_quiet();
    set_en(BY_INT);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
}

/* T-A-042, A2-23: half enabled, nobody is told anything and the slot is not touched. */
static void half_enabled(void **state)
{
    (void)state;
    set_en(BY_INT);
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_slot(v, REASON), 0);
    assert_int_equal(world_slot(v, TOKEN), 0);
    set_vec(VEC_ON);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
}

/* T-A-043, A2-27 */
static void vec_without_en(void **state)
{
    (void)state;
    set_vec(VEC_ON);
    expect_quiet();
    assert_int_equal(v->apf.done_count, 0);
}

/* T-A-044, A2-26: held while bit 8 is clear, then delivered, and a wake-all. */
static void vec_off_and_on(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    set_vec(WORLD_VECTOR);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(world_slot(v, REASON), 0);
    set_vec(VEC_ON);
    expect_ready(token);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
}

/* T-A-082, A2-10: while the slot is busy with either event no fault becomes asynchronous. */
static void busy_slot_is_synchronous(void **state)
{
    (void)state;
    enable();
    miss(1);
    world_slot_set(v, REASON, APF_REASON_NOT_PRESENT);
    world_touch(v, 2);
    assert_int_equal(v->state, VCPU_WAIT_PAGE);
    world_read_done(2);
    expect_quiet();
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world.vm->stats.sync_waits, 1);
}

/* A2-13: ready that was held back by an unconsumed not-present comes with the ACK. */
static void ready_behind_not_present(void **state)
{
    u32 token;

    (void)state;
    enable();
    world_touch(v, 1);
    world_read_done(1);
    world_enter(v);
    token = (u32)world_next(v).cr2;
    assert_int_equal(world_new(v), 0);
    expect_slot(APF_REASON_NOT_PRESENT, token);
    expect_quiet();
    ack();
    expect_ready(token);
}

/* T-A-119 */
static void one_at_a_time(void **state)
{
    u32 a, b;

    (void)state;
    enable();
    a = miss(1), b = miss(2);
    world_read_done(2);
    world_read_done(1);
    expect_interrupt(WORLD_VECTOR);
    eoi();
    ack();
    expect_quiet();
    expect_slot(APF_REASON_READY, b);
    ack();
    expect_ready(a);
}

/* T-A-121, A2-24: IF = 0 does not hold the slot back. */
static void ready_with_if_clear(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    set_if(false);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(world_slot(v, REASON), APF_REASON_READY);
    set_if(true);
    expect_ready(token);
}

/* A2-25: hardened as A3-31. */
static void apic_off(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0xff), OUTCOME_DONE);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(world_slot(v, REASON), 0);
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0x1ff), OUTCOME_DONE);
    expect_ready(token);
}

/* T-A-122: without bit 3 ready is a #PF, with reason and token in the slot. */
static void ready_by_exception(void **state)
{
    u32 token;

    (void)state;
    set_en(BY_PF);
    expect_pf(APF_TOKEN_WAKE_ALL);
    expect_slot(APF_REASON_READY, APF_TOKEN_WAKE_ALL);
    token = miss(1);
    world_read_done(1);
    expect_pf(token);
    expect_slot(APF_REASON_READY, token);
}

/* INIT and disable (A3-50, A1-11). */
static void disable_drops(void **state)
{
    (void)state;
    enable();
    miss(1);
    set_en(0);
    world_read_done(1);
    expect_quiet();
    enable();
    assert_int_equal(world.vm->stats.dropped, 1);
}

/* T-A-024: each form activates its own rules, and bit 8 cannot be changed while active. */
static void dual(void **state)
{
    u32 token;

    (void)state;
    enable(); /* PF2 */
    token = miss(1);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_PF2, WORLD_VECTOR), OUTCOME_GP);
    assert_int_equal(world_msr(v, PV_MSR_APF_PF2), VEC_ON);
    set_vec(APF_PF2_ON | 0x61); /* the vector alone may change, which again wakes all (A2-20) */
    expect_interrupt(0x61);
    expect_slot(APF_REASON_READY, APF_TOKEN_WAKE_ALL);
    ack();
    eoi();
    world_read_done(1);
    expect_interrupt(0x61);
    expect_slot(APF_REASON_READY, token);
    ack();
    eoi();
    set_en(0);
    set_vec(WORLD_VECTOR);
    set_en(BY_INT);              /* INT */
    world_slot_set(v, TOKEN, 0); /* PF2's last token is in the way, as T-A-045 has it */
    ack();
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(world_slot(v, FLAGS), 0);
    assert_int_equal(world_slot(v, TOKEN), APF_TOKEN_WAKE_ALL);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, VEC_ON), OUTCOME_GP);
    assert_int_equal(world_msr(v, PV_MSR_APF_VEC), WORLD_VECTOR);
    set_vec(0x61);
    set_en(BY_PF); /* A3-15: accepted, and off */
    world_touch(v, 2);
    assert_int_equal(v->state, VCPU_APF_HALTED);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(en_first),
        test(vec_first),
        test(half_enabled),
        test(vec_without_en),
        test(vec_off_and_on),
        test(busy_slot_is_synchronous),
        test(ready_behind_not_present),
        test(one_at_a_time),
        test(ready_with_if_clear),
        test(apic_off),
        test(ready_by_exception),
        test(disable_drops),
        cmocka_unit_test_setup_teardown(dual, setup_dual, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
