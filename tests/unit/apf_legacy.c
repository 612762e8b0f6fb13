/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_legacy.c: the LEGACY dialect: both events are #PFs, and IF is all that gates them (A1, T-A-…). */
#include "apf_rig.h"

#define ACTIVE (APF_EN_ON | APF_EN_ALWAYS)

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_LEGACY});
    v = world.v;
    return 0;
}

static void expect_reason(u32 reason)
{
    assert_int_equal(world_slot(v, REASON), reason);
    world_slot_set(v, REASON, 0);
}

static void enable(void)
{
    set_en(ACTIVE);
    expect_pf(APF_TOKEN_WAKE_ALL);
    expect_reason(APF_REASON_READY);
}

static u32 miss(u64 page)
{
    struct fake_injection i;

    world_touch(v, page);
    world_enter(v);
    i = world_next(v);
    assert_int_equal(i.event, FAKE_PF);
    expect_reason(APF_REASON_NOT_PRESENT);
    return (u32)i.cr2;
}

/* T-A-039 */
static void enable_wakes_all(void **state)
{
    (void)state;
    set_en(ACTIVE);
    expect_pf(0xffffffff);
    expect_reason(APF_REASON_READY);
    expect_quiet();
}

/* T-A-080, A1-13 */
static void not_present_and_ready(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    world_read_done(1);
    expect_pf(token);
    expect_reason(APF_REASON_READY);
    assert_int_equal(world_slot(v, TOKEN), 0); /* A1-3: only the first word is the host's */
    assert_int_equal(v->pub.ready_pending, 0);
}

/* T-A-117, A1-16: not with IF = 0, neither at the entry nor by an MSR write; a window brings it. */
static void ready_waits_for_if(void **state)
{
    struct exit window = {.kind = EXIT_WINDOW};
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    set_if(false);
    world_read_done(1);
    expect_quiet();
    assert_true(v->hw->window >= 0);
    set_en(ACTIVE);
    expect_quiet();
    assert_int_equal(world_slot(v, REASON), 0);
    set_if(true);
    exit_handle(v, &window);
    expect_pf(token);
    expect_reason(APF_REASON_READY);
    set_if(false); /* the handler runs */
    expect_quiet();
    set_if(true);
    exit_handle(v, &window);
    expect_pf(APF_TOKEN_WAKE_ALL);
    expect_reason(APF_REASON_READY);
    expect_quiet();
    assert_int_equal(v->hw->window, -1);
}

/* T-A-118, A3-80: ready before its not-present was delivered: first the one, then, with IF = 1 again, the other. */
static void done_before_delivery(void **state)
{
    struct exit window = {.kind = EXIT_WINDOW};
    u32 token;

    (void)state;
    enable();
    world_touch(v, 1);
    world_read_done(1);
    vcpu_service(v);
    assert_int_equal(world_slot(v, REASON), APF_REASON_NOT_PRESENT);
    world_enter(v);
    token = (u32)world_next(v).cr2;
    assert_int_equal(world_new(v), 0);
    expect_reason(APF_REASON_NOT_PRESENT);
    exit_handle(v, &window);
    expect_pf(token);
    expect_reason(APF_REASON_READY);
}

/* A1-15: a halted guest is woken by the exception. */
static void ready_ends_hlt(void **state)
{
    struct exit hlt = {.kind = EXIT_HLT};
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    exit_handle(v, &hlt);
    assert_int_equal(v->state, VCPU_HALTED);
    world_read_done(1);
    expect_pf(token);
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

/* STI; HLT with a ready event that waits for IF: the boundary behind HLT is the window, no other exit will come. */
static void ready_that_waited_ends_hlt(void **state)
{
    struct exit hlt = {.kind = EXIT_HLT};
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    set_if(false);
    world_read_done(1);
    expect_quiet();
    set_if(true);
    exit_handle(v, &hlt);
    expect_pf(token);
}

/* A1-2, A1-11 */
static void disable_drops(void **state)
{
    (void)state;
    enable();
    miss(1);
    set_if(false);
    world_read_done(1);
    expect_quiet();
    set_en(0);
    set_if(true);
    expect_quiet();
    assert_int_equal(v->hw->window, -1);
    assert_int_equal(world.vm->stats.dropped, 1);
}

/* A1-12: CPL 0 without SEND_ALWAYS is an artificial halt; ready does not look at CPL. */
static void user_only(void **state)
{
    u32 token;

    (void)state;
    set_en(APF_EN_ON);
    expect_pf(APF_TOKEN_WAKE_ALL);
    expect_reason(APF_REASON_READY);
    world_touch(v, 1);
    assert_int_equal(v->state, VCPU_APF_HALTED);
    v->hw->cpl = 3;
    world_read_done(1);
    expect_quiet();
    token = miss(2);
    v->hw->cpl = 0;
    world_read_done(2);
    expect_pf(token);
}

/* The local APIC has no part in it. */
static void without_apic(void **state)
{
    u32 token;

    (void)state;
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0xff), OUTCOME_DONE);
    enable();
    token = miss(1);
    world_read_done(1);
    expect_pf(token);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(enable_wakes_all),   test(not_present_and_ready),
        test(ready_waits_for_if), test(done_before_delivery),
        test(ready_ends_hlt),     test(ready_that_waited_ends_hlt),
        test(disable_drops),      test(user_only),
        test(without_apic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
