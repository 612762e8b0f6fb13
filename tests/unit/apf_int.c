/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_int.c: the INT dialect as a guest sees it: enable, not-present, ready, acknowledge (SPEC A3, T-A-…). */
#include "apf_rig.h"

#define ACTIVE (APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT)

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.apf = FL_APF_INT, .vcpus = 2});
    v = world.v;
    return 0;
}

/* The guest's interrupt handler: returns the token, empties the slot, tells the APIC; ACK is up to the test. */
static u32 take_token(void)
{
    u32 token = world_slot(v, TOKEN);

    world_slot_set(v, TOKEN, 0);
    return token;
}

/* An interrupt with this token; the whole handler runs. */
static void expect_ready(u32 token)
{
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(take_token(), token);
    ack();
    eoi();
}

/* APF on, vector set, the wake-all event consumed. */
static void enable(void)
{
    assert_int_equal(world_wrmsr(v, PV_MSR_APF_VEC, WORLD_VECTOR), OUTCOME_DONE);
    set_en(ACTIVE);
    expect_ready(APF_TOKEN_WAKE_ALL);
}

/* The guest touches a page of the module and is told so; returns the token. */
static u32 miss(u64 page)
{
    struct fake_injection i;

    world_touch(v, page);
    world_enter(v);
    i = world_next(v);
    assert_int_equal(i.event, FAKE_PF);
    assert_int_equal(i.error, 0);
    assert_int_equal(i.cr2 >> 32, 0);
    assert_int_equal(world_slot(v, FLAGS), APF_FLAG_NOT_PRESENT);
    world_slot_set(v, FLAGS, 0);
    return (u32)i.cr2;
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
    assert_int_equal(world_wrmsr(v, APIC_BASE_MSR, v->lapic.base & ~(APIC_BASE_ENABLE | APIC_BASE_X2)), OUTCOME_DONE);
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
