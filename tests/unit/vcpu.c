/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu.c: requests against entries, events against states, what is injected when (SPEC B7.3, A0-8). */
#include "fake/world.h"

static struct vcpu *v, *ap;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 2, .cpus = 2});
    v = world.v;
    ap = world.vm->vcpu[1];
    return 0;
}

/* The guest does what the test says, one exit at a time. */
static void (*script)(struct vcpu *, struct exit *);
static unsigned entries;

static void scripted(struct vcpu *who, struct exit *e)
{
    assert_int_equal(req_mode(&who->pub) & (MODE_IN_GUEST | MODE_BLOCKED), MODE_IN_GUEST);
    entries++;
    e->kind = EXIT_INTR;
    if (script)
        script(who, e);
}

static void play(void (*s)(struct vcpu *, struct exit *))
{
    script = s;
    entries = 0;
    fake_guest = scripted;
    (void)vcpu_run(v, TIME_NEVER);
    fake_guest = NULL;
}

/* P1: a request is seen before the entry or its raiser kicks. */
static void request_or_kick(void **state)
{
    (void)state;
    vcpu_request(v, REQ_EVENT);
    assert_int_equal(fake.kicks[0], 0); /* outside guest mode */
    assert_false(req_go(&v->pub, MODE_IN_GUEST));
    assert_int_equal(v->pub.mode & 3, 0);
    vcpu_service(v);
    assert_true(req_go(&v->pub, MODE_IN_GUEST));
    vcpu_request(v, REQ_EVENT);
    assert_int_equal(fake.kicks[0], 1);
    req_back(&v->pub);
    vcpu_service(v);
    assert_true(req_go(&v->pub, MODE_BLOCKED));
    vcpu_request(v, REQ_EVENT);
    assert_int_equal(fake.kicks[0], 2);
    req_back(&v->pub);
    assert_int_equal(fake.kicks[1], 0);
}

static void one_stay_from_the_next(void **state)
{
    u32 first, second;

    (void)state;
    assert_true(req_go(&v->pub, MODE_IN_GUEST));
    first = req_mode(&v->pub);
    assert_false(req_left(&v->pub, first));
    req_back(&v->pub);
    assert_true(req_left(&v->pub, first));
    assert_true(req_go(&v->pub, MODE_IN_GUEST));
    second = req_mode(&v->pub);
    assert_int_not_equal(first, second);
    assert_true(req_left(&v->pub, first));
    assert_false(req_left(&v->pub, second));
    assert_true(req_left(&v->pub, 0)); /* was outside when asked */
    req_back(&v->pub);
}

static void request_in_guest(struct vcpu *who, struct exit *e)
{
    if (entries < 3) {
        vcpu_request(who, REQ_FLUSH);
        e->kind = EXIT_CPUID;
    }
}

/* A request raised during a stay is serviced before the next one. */
static void serviced_before_entry(void **state)
{
    (void)state;
    play(request_in_guest);
    assert_int_equal(entries, 3);
    assert_int_equal(v->hw->flushes, 1 + 2); /* loading the root was one */
    assert_int_equal(v->pub.requests, 0);
    assert_int_equal(v->pub.mode & 3, 0);
}

static void halts(struct vcpu *who, struct exit *e)
{
    (void)who;
    e->kind = EXIT_HLT;
}

static void halt_and_wake(void **state)
{
    u64 since;

    (void)state;
    play(halts);
    assert_int_equal(entries, 1);
    assert_int_equal(v->state, VCPU_HALTED);
    assert_int_equal(v->hw->completed.kind, EXIT_HLT); /* what ends it finds the vCPU behind it */
    since = v->idle.since;
    assert_int_equal(since, fake.now);
    v->hw->intr_flag = false;
    lapic_raise(v, 0x41);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_HALTED); /* IF = 0 */
    v->hw->intr_flag = true;
    v->hw->tpr = 0x40;
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_HALTED); /* masked by priority */
    lapic_raise(v, 0x51);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    play(NULL);
    assert_int_equal(world_next(v).vector, 0x51);
    v->hw->tpr = 0;
}

static void halts_after_the_interrupt(struct vcpu *who, struct exit *e)
{
    if (entries == 1) {
        lapic_raise(who, 0x41); /* while the guest is about to halt */
        e->kind = EXIT_HLT;
    }
}

/* An event between the exit and the change of state does not get lost. */
static void event_races_with_hlt(void **state)
{
    (void)state;
    play(halts_after_the_interrupt);
    assert_int_equal(entries, 2);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(world_next(v).vector, 0x41);
    exit_handle(v, &(struct exit){.kind = EXIT_HLT});
    assert_int_equal(v->state, VCPU_HALTED);
    at_store(&v->pub.nmi, 1); /* set, and the request already taken */
    vcpu_set_state(v, VCPU_RUNNABLE);
    exit_handle(v, &(struct exit){.kind = EXIT_HLT});
    assert_int_equal(v->state, VCPU_RUNNABLE);
}

static void nmi(void **state)
{
    (void)state;
    exit_handle(v, &(struct exit){.kind = EXIT_HLT});
    v->hw->intr_flag = v->hw->intr_open = false;
    v->hw->nmi_open = false;
    at_store(&v->pub.nmi, 1);
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_HALTED);
    v->hw->nmi_open = true;
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    lapic_raise(v, 0x41);
    play(NULL);
    assert_int_equal(world_next(v).event, FAKE_NMI);
    assert_int_equal(world_new(v), 0); /* one event at a time; for the other a window is asked */
    assert_int_equal(v->hw->window, 0x41);
    assert_int_equal(v->pub.nmi, 0);
    v->hw->intr_flag = v->hw->intr_open = true;
    play(NULL);
    assert_int_equal(world_next(v).vector, 0x41);
    assert_int_equal(v->hw->window, -1);
}

static void init_and_sipi(void **state)
{
    (void)state;
    exit_handle(ap, &(struct exit){.kind = EXIT_HLT});
    at_store(&ap->pub.sipi, 0x9a); /* SIPI without INIT is lost */
    vcpu_request(ap, REQ_EVENT);
    vcpu_service(ap);
    assert_int_equal(ap->hw->sipi, -1);
    assert_int_equal(ap->pub.sipi, SIPI_NONE);
    at_store(&ap->pub.init, 1);
    vcpu_request(ap, REQ_EVENT);
    vcpu_service(ap);
    assert_int_equal(ap->hw->inits, 1);
    assert_int_equal(ap->state, VCPU_WAIT_SIPI);
    lapic_raise(ap, 0x41);
    at_store(&ap->pub.nmi, 1);
    vcpu_request(ap, REQ_EVENT);
    vcpu_service(ap);
    assert_int_equal(ap->state, VCPU_WAIT_SIPI);
    at_store(&ap->pub.sipi, 0x9a);
    vcpu_request(ap, REQ_EVENT);
    vcpu_service(ap);
    assert_int_equal(ap->hw->sipi, 0x9a);
    assert_int_equal(ap->state, VCPU_RUNNABLE);
    at_store(&v->pub.init, 1); /* the boot CPU starts over by itself */
    vcpu_request(v, REQ_EVENT);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    assert_int_equal(v->hw->inits, 1);
}

/* INIT to a vCPU that sits a fault out: held until its page is there, then done, with the SIPI behind it. */
static void init_waits_for_the_page(void **state)
{
    (void)state;
    ap->hw->intr_open = false;
    world_touch(ap, 1);
    assert_int_equal(ap->state, VCPU_WAIT_PAGE);
    at_store(&ap->pub.init, 1);
    at_store(&ap->pub.sipi, 0x12);
    vcpu_request(ap, REQ_EVENT);
    vcpu_service(ap);
    assert_int_equal(ap->state, VCPU_WAIT_PAGE);
    assert_int_equal(ap->hw->inits, 0);
    world_read_done(1);
    vcpu_service(ap);
    assert_int_equal(ap->hw->inits, 1);
    assert_int_equal(ap->hw->sipi, 0x12);
    assert_int_equal(ap->state, VCPU_RUNNABLE);
}

static void stops(struct vcpu *who, struct exit *e)
{
    e->kind = EXIT_CPUID;
    if (entries == 3)
        vm_exit(who->vm, 3);
    assert_true(entries <= 3);
}

static void stopped_and_paused(void **state)
{
    (void)state;
    vm_pause(world.vm);
    play(stops);
    assert_int_equal(entries, 0);
    vm_resume(world.vm);
    play(stops);
    assert_int_equal(entries, 3);
    assert_int_equal(v->state, VCPU_STOPPED);
    play(stops);
    assert_int_equal(entries, 0);
}

/* While paused, completions are taken in; nothing of them is lost by the pause. */
static void completions_while_paused(void **state)
{
    (void)state;
    v->hw->intr_open = false;
    world_touch(v, 1);
    vm_pause(world.vm);
    vcpu_service(v);
    world_read_done(1);
    vcpu_service(v);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    vm_resume(world.vm);
    play(NULL);
    assert_int_equal(entries, 1);
}

static void exits_forever(struct vcpu *who, struct exit *e)
{
    (void)who;
    e->kind = entries < 1000 ? EXIT_CPUID : EXIT_INTR;
}

/* Exits of the guest's own do not bring the CPU back to its loop; a host interrupt does. */
static void only_interrupts_return(void **state)
{
    (void)state;
    play(exits_forever);
    assert_int_equal(entries, 1000);
    assert_int_equal(world.vm->stats.exits, 1000);
}

static void sets_its_timer(struct vcpu *who, struct exit *e)
{
    if (entries == 1)
        *e = (struct exit){.kind = EXIT_MSR,
                           .msr = {.index = X2APIC_MSR_FIRST + 0x38, .write = true, .value = 5000000}};
    if (entries == 2)
        assert_int_equal(fake.timer[who->cpu], who->lapic.deadline);
}

/* A timer that the guest sets is armed at the next entry, not at the next look of the loop. */
static void guest_timer_is_armed_at_once(void **state)
{
    (void)state;
    play(sets_its_timer);
    assert_int_equal(entries, 2);
    assert_true(v->lapic.deadline != TIME_NEVER);
}

static void raises_for_ever(struct vcpu *who, struct exit *e)
{
    (void)who, (void)e;
    fail_msg("the entry was called off");
}

/* Requests that call off entry after entry do not keep the CPU from its loop. */
static void bounded_refusals(void **state)
{
    struct ticket *t = &v->apf.tickets.slot;

    (void)state;
    v->apf.dialect = APF_INT; /* the slot's page cannot be read: each look raises the next */
    v->apf.en = module_gpa(3).v | 0xb;
    apf_queue_wake_all(v);
    fake_disk.room = 0;
    ticket_done(t);
    play(raises_for_ever);
    assert_int_equal(entries, 0);
    assert_int_equal(v->state, VCPU_RUNNABLE);
    fake_disk.room = FAKE_QUEUE;
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(request_or_kick),        test(one_stay_from_the_next),
        test(serviced_before_entry),  test(halt_and_wake),
        test(event_races_with_hlt),   test(nmi),
        test(init_and_sipi),          test(init_waits_for_the_page),
        test(stopped_and_paused),     test(completions_while_paused),
        test(only_interrupts_return), test(guest_timer_is_armed_at_once),
        test(bounded_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
