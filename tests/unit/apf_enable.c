/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_enable.c: the INT dialect switched on, off and over, by EN, vector, INIT (A3.3, A3.4, T-A-030 to 048). */
#include "apf_int_rig.h"

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_INT, .vcpus = 2});
    v = world.v;
    return 0;
}

/* T-A-030, T-A-020 */
static void enable_wakes_all(void **state)
{
    (void)state;
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    set_en(ACTIVE);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(world_slot(v, TOKEN), APF_TOKEN_WAKE_ALL);
    assert_int_equal(world_slot(v, FLAGS), 0);
    expect_quiet();
    assert_int_equal(world.vm->stats.wake_all, 1);
}

/* T-A-031, T-A-112: a vector below 16 is accepted and never dispatched; clearing the token and ACK recover. */
static void vector_without_class(void **state)
{
    (void)state;
    set_en(ACTIVE);
    expect_quiet();
    assert_int_equal(world_slot(v, TOKEN), APF_TOKEN_WAKE_ALL);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    expect_quiet();
    u32 token = miss(1);
    world_read_done(1);
    expect_quiet();
    take_token();
    ack();
    expect_ready(token);
}

/* T-A-032, T-A-033: a re-written EN queues one wake-all behind what is finished, and loses nothing. */
static void rewritten_en(void **state)
{
    u32 a, b, c;

    (void)state;
    enable();
    a = miss(1), b = miss(2), c = miss(3);
    world_slot_set(v, TOKEN, 0x1234); /* busy */
    world_read_done(1);
    world_read_done(2);
    expect_quiet();
    set_en(ACTIVE);
    set_en(ACTIVE);
    expect_quiet();
    assert_int_equal(take_token(), 0x1234);
    ack();
    expect_ready(a);
    expect_ready(b);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
    world_read_done(3);
    expect_ready(c);
}

/* T-A-034, T-A-036, A3-36: disable drops everything, silently, and old tokens never appear. */
static void disable_drops(void **state)
{
    (void)state;
    enable();
    miss(1), miss(2), miss(3);
    world_slot_set(v, TOKEN, 0x1234);
    world_read_done(1);
    world_enter(v);
    set_en(0);
    assert_int_equal(world_slot(v, TOKEN), 0x1234);
    world_read_done(2);
    world_read_done(3);
    expect_quiet();
    assert_int_equal(world_slot(v, TOKEN), 0x1234);
    assert_int_equal(world.vm->stats.dropped, 3);
    take_token();
    set_en(ACTIVE);
    expect_ready(APF_TOKEN_WAKE_ALL);
    expect_quiet();
}

/* T-A-035: an interrupt that was raised before the disable stays raised; nothing else comes. */
static void one_stray_interrupt(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    set_if(false);
    world_read_done(1);
    expect_quiet();
    set_en(0);
    set_if(true);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(world_slot(v, TOKEN), token);
    expect_quiet();
}

/* T-A-037: outstanding items are reported into the new slot. */
static void slot_moves(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_EN, WORLD_SLOT(1) | ACTIVE), OUTCOME_DONE);
    expect_ready(APF_TOKEN_WAKE_ALL);
    world_read_done(1);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(world_slot(v, TOKEN), token);
    set_en(0);
    assert_int_equal(world_slot(v, TOKEN), 0);
}

/* T-A-038, A3-35: a ready that was never acknowledged does not suppress kicks after the next activation. */
static void activation_forgets_the_owed_ack(void **state)
{
    u32 token;

    (void)state;
    enable();
    miss(1);
    world_read_done(1);
    expect_interrupt(WORLD_VECTOR);
    take_token();
    eoi();
    assert_int_equal(v->pub.ready_pending, 1);
    set_en(0);
    assert_int_equal(v->pub.ready_pending, 0);
    set_en(ACTIVE);
    expect_interrupt(WORLD_VECTOR);
    take_token();
    eoi();
    set_en(ACTIVE); /* ON -> ON: likewise */
    assert_int_equal(world_slot(v, TOKEN), APF_TOKEN_WAKE_ALL);
    expect_interrupt(WORLD_VECTOR);
    take_token();
    ack();
    eoi();
    token = miss(2);
    v->pub.mode = MODE_IN_GUEST; /* the guest spins without exits */
    fake.kicks[0] = 0;
    world_read_done(2);
    assert_int_equal(fake.kicks[0], 1);
    req_back(&v->pub);
    expect_ready(token);
}

/* T-A-045 */
static void busy_slot_at_activation(void **state)
{
    (void)state;
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    v->apf.en = WORLD_SLOT(0);
    world_slot_set(v, TOKEN, 0x1234);
    set_en(ACTIVE);
    expect_quiet();
    assert_int_equal(take_token(), 0x1234);
    ack();
    expect_ready(APF_TOKEN_WAKE_ALL);
}

/* T-A-046, T-A-048, A3-50: INIT clears both MSRs and drops all; V1 does not come back. */
static void init_resets(void **state)
{
    (void)state;
    enable();
    miss(1);
    at_store(&v->pub.init, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(world_msr(v, PV_MSR_APF_EN), 0);
    assert_int_equal(world_msr(v, PV_MSR_APF_VEC), 0);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(world.vm->stats.dropped, 1);
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0x1ff), OUTCOME_DONE);
    set_en(ACTIVE);
    expect_quiet();
    assert_int_equal(world_slot(v, TOKEN), APF_TOKEN_WAKE_ALL);
    take_token();
    ack();
    enable();
    u32 token = miss(2);
    world_read_done(2);
    expect_ready(token);
}

/* T-A-047 */
static void vector_changes_while_active(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, 0x41), OUTCOME_DONE);
    world_read_done(1);
    expect_interrupt(0x41);
    assert_int_equal(take_token(), token);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(enable_wakes_all),
        test(vector_without_class),
        test(rewritten_en),
        test(disable_drops),
        test(one_stray_interrupt),
        test(slot_moves),
        test(activation_forgets_the_owed_ack),
        test(busy_slot_at_activation),
        test(init_resets),
        test(vector_changes_while_active),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
