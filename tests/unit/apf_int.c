/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_int.c: the INT dialect in use: ready and acknowledge, and what holds them back (A3.3, T-A-100 to 125). */
#include "apf_int_rig.h"

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_INT, .vcpus = 2});
    v = world.v;
    return 0;
}

/* T-A-100, A0-4: token in the slot, flags untouched, the page mapped before the guest asks. */
static void ready_follows_done(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    expect_quiet();
    world_slot_set(v, FLAGS, 0x55);
    world_read_done(1);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(world_slot(v, TOKEN), token);
    assert_int_equal(world_slot(v, FLAGS), 0x55);
    assert_true(world_mapped(module_gfn(1)));
    assert_int_equal(world.vm->stats.not_present, 1);
    assert_int_equal(world.vm->stats.ready, 1);
}

/* T-A-022, A0-31: 100 cycles leave the padding, and what lies around the slot, alone. */
static void padding_is_the_guests(void **state)
{
    u32 word;

    (void)state;
    enable();
    for (unsigned i = 2; i < 16; i++)
        world_slot_set(v, i, 0xabcd0000 + i);
    for (unsigned n = 0; n < 100; n++) {
        u32 token = miss(n);

        world_read_done(n);
        expect_ready(token);
        world_forget(v);
    }
    for (unsigned i = 2; i < 16; i++) {
        word = world_slot(v, i);
        assert_int_equal(word, 0xabcd0000 + i);
    }
}

/* T-A-101: with IF = 0 the token is there at the next entry, the interrupt when IF = 1. */
static void ready_waits_in_irr(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    set_if(false);
    world_read_done(1);
    expect_quiet();
    assert_int_equal(world_slot(v, TOKEN), token);
    assert_int_equal(v->hw->window, WORLD_VECTOR);
    set_if(true);
    expect_interrupt(WORLD_VECTOR);
}

/* T-A-102, T-A-062 */
static void without_send_always(void **state)
{
    u32 token;

    (void)state;
    enable();
    set_en(ACTIVE & ~APF_EN_ALWAYS);
    expect_ready(APF_TOKEN_WAKE_ALL);
    world_touch(v, 1); /* CPL 0: not told */
    assert_int_equal(v->state, VCPU_APF_HALTED);
    world_read_done(1);
    expect_quiet(); /* T-A-114: and not told again */
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_slot(v, TOKEN), 0);
    v->hw->cpl = 3;
    token = miss(2);
    world_read_done(2);
    v->hw->cpl = 0;
    expect_ready(token);
}

/* T-A-103, T-A-105, T-A-106: one event for each emptied slot and ACK, in the order of completion. */
static void one_event_at_a_time(void **state)
{
    u32 token[10];

    (void)state;
    enable();
    for (unsigned i = 0; i < 10; i++)
        token[i] = miss(i);
    for (unsigned i = 0; i < 10; i++)
        world_read_done(9 - i);
    expect_interrupt(WORLD_VECTOR);
    eoi();
    expect_quiet();
    ack(); /* T-A-105: the slot is still full */
    expect_quiet();
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(take_token(), token[9 - i]);
        expect_quiet();
        ack();
        if (i < 9)
            expect_interrupt(WORLD_VECTOR);
        eoi();
    }
    expect_quiet();
    assert_int_equal(world.vm->stats.ready, 10);
}

/* T-A-104: cleared without ACK: held, but a HLT does not sleep on it (A0-15). */
static void cleared_without_ack(void **state)
{
    struct exit hlt = {.kind = EXIT_HLT};
    u32 token;

    (void)state;
    enable();
    miss(1);
    token = miss(2);
    world_read_done(1);
    world_read_done(2);
    expect_interrupt(WORLD_VECTOR);
    take_token();
    eoi();
    exit_handle(v, &hlt);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(take_token(), token);
}

/* T-A-013, T-A-014, T-A-015 */
static void what_ack_reads_and_ignores(void **state)
{
    u32 token;

    (void)state;
    enable();
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_ACK, ~0ull), OUTCOME_DONE);
    miss(1);
    token = miss(2);
    world_read_done(1);
    world_read_done(2);
    expect_interrupt(WORLD_VECTOR);
    eoi();
    assert_int_equal(world_msr(v, PV_MSR_APF_ACK), 0);
    take_token();
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_ACK, 2), OUTCOME_DONE);
    expect_quiet();
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_ACK, 1), OUTCOME_DONE);
    assert_int_equal(world_msr(v, PV_MSR_APF_ACK), 0);
    expect_ready(token);
}

/* T-A-107, A3-34: a completion kicks a running guest, but not one that owes an ACK. */
static void kicks(void **state)
{
    (void)state;
    enable();
    miss(1), miss(2), miss(3);
    v->pub.mode = MODE_IN_GUEST;
    fake.kicks[0] = 0;
    world_read_done(1);
    assert_int_equal(fake.kicks[0], 1);
    req_back(&v->pub);
    expect_interrupt(WORLD_VECTOR);
    v->pub.mode |= MODE_IN_GUEST;
    world_read_done(2);
    assert_int_equal(fake.kicks[0], 1);
    req_back(&v->pub);
    v->pub.mode |= MODE_BLOCKED; /* a CPU that sleeps is always woken */
    world_read_done(3);
    assert_int_equal(fake.kicks[0], 2);
    req_back(&v->pub);
}

/* T-A-109, T-A-110, T-A-111: a disabled APIC holds events; HLT blocks; enabling it delivers. */
static void apic_off(void **state)
{
    struct exit hlt = {.kind = EXIT_HLT};
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0xff), OUTCOME_DONE);
    world_read_done(1);
    expect_quiet();
    exit_handle(v, &hlt);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_HALTED);
    assert_int_equal(v->pub.requests, 0); /* H-A-14: nothing to do, so its CPU may sleep */
    vcpu_set_state(v, VCPU_RUNNABLE);
    assert_int_equal(world_slot(v, TOKEN), 0);
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0x1ff), OUTCOME_DONE);
    expect_ready(token);
    token = miss(2);
    assert_int_equal(world_wrmsr(v, APIC_BASE_MSR, v->lapic.base & ~(APIC_BASE_ENABLE | APIC_BASE_X2)),
                     OUTCOME_DONE);
    world_read_done(2);
    expect_quiet();
    assert_int_equal(world_slot(v, TOKEN), 0);
    assert_int_equal(world_wrmsr(v, APIC_BASE_MSR, v->lapic.base | APIC_BASE_ENABLE), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, APIC_BASE_MSR, v->lapic.base | APIC_BASE_X2), OUTCOME_DONE);
    assert_int_equal(world_wrmsr(v, X2APIC_SVR, 0x1ff), OUTCOME_DONE);
    expect_ready(token);
}

/* T-A-113: held by the task priority, delivered when the guest lowers it, for which a window is asked. */
static void task_priority_holds(void **state)
{
    (void)state;
    enable();
    miss(1);
    v->hw->tpr = 0xf0;
    world_read_done(1);
    expect_quiet();
    assert_int_equal(v->hw->window, WORLD_VECTOR);
    v->hw->tpr = 0;
    expect_interrupt(WORLD_VECTOR);
}

/* T-A-125, A3-55: ready may be raised with paging off. */
static void paging_off(void **state)
{
    u32 token;

    (void)state;
    enable();
    token = miss(1);
    v->hw->paging = false;
    world_touch(v, 2); /* T-A-067 */
    assert_int_equal(v->state, VCPU_APF_HALTED);
    world_read_done(2);
    expect_quiet();
    world_read_done(1);
    expect_ready(token);
    assert_int_equal(world.vm->stats.apf_halts, 1);
}

/* A halted guest is woken by ready. */
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
    expect_ready(token);
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(ready_follows_done),
        test(padding_is_the_guests),
        test(ready_waits_in_irr),
        test(without_send_always),
        test(one_event_at_a_time),
        test(cleared_without_ack),
        test(what_ack_reads_and_ignores),
        test(kicks),
        test(apic_off),
        test(task_priority_holds),
        test(paging_off),
        test(ready_ends_hlt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
