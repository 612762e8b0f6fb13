/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_age.c: generations: what keeps a page young, what makes it a victim, and that there is one if there can be. */
#include "age_rig.h"
#include "guestmem.h"

/* Unused for one generation is not enough, for two is. */
static void two_generations(void **state)
{
    (void)state;
    touch_all(FIRST, 8);
    vm->pager.low = 1;
    assert_int_equal(one_round(), 0); /* the one in which they came */
    assert_int_equal(age_of(FIRST), 0);
    assert_int_equal(one_round(), 0);
    assert_int_equal(age_of(FIRST), 1);
    vm->pager.aging.lean = 0;
    touch((gfn_t){12});
    assert_int_equal(one_round(), 7);
    assert_int_equal(world_state((gfn_t){12}), PAGE_RESIDENT);
    assert_int_equal(age_of((gfn_t){12}), 0);
    assert_int_equal(one_round(), 0);
    assert_int_equal(one_round(), 1);
}

static void use_by_the_host(void **state)
{
    (void)state;
    touch_all(FIRST, 8);
    one_round();
    one_round();
    vm->pager.aging.lean = 0;
    assert_int_equal(guest_read32(vm, gfn_gpa((gfn_t){13}), &(u32){0}), GUEST_OK);
    assert_int_equal(one_round(), 7);
    assert_int_equal(age_of((gfn_t){13}), 0);
}

/* Ages stop at what a word holds; nobody is taken whose word changes, or who is not resident. */
static void ages_saturate(void **state)
{
    (void)state;
    touch_all(FIRST, 1);
    one_round();
    slot_page(&vm->slot[0], FIRST)->word |= PAGE_AGED(AGE_MAX);
    touch(FIRST);
    one_round();
    assert_int_equal(age_of(FIRST), 0);
    slot_page(&vm->slot[0], FIRST)->word |= PAGE_AGED(AGE_MAX);
    slot_page(&vm->slot[0], FIRST)->word ^= PAGE_RESIDENT ^ PAGE_LOADING;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(one_round(), 0);
        assert_int_equal(age_of(FIRST), AGE_MAX);
    }
    slot_page(&vm->slot[0], FIRST)->word ^= PAGE_RESIDENT ^ PAGE_LOADING;
    assert_int_equal(one_round(), 1);
}

/* Whoever wants something of a page while the hand looks at it goes first. */
static void load_the_page(void)
{
    slot_page(&vm->slot[0], FIRST)->word ^= PAGE_RESIDENT ^ PAGE_LOADING;
}

static void state_changes_go_first(void **state)
{
    (void)state;
    touch_all(FIRST, 2);
    one_round();
    one_round();
    after_look = load_the_page;
    assert_int_equal(one_round(), 1);
    assert_int_equal(world_state(FIRST), PAGE_LOADING);
    assert_int_equal(age_of(FIRST), 1);
    after_look = NULL;
    load_the_page();
}

static void touch_again(void)
{
    touch_all(FIRST, 8);
}

/* Everything in use: after AGE_OLD rounds younger pages will do, then any; a good round puts an end to that. */
static void everything_is_hot(void **state)
{
    (void)state;
    touch_all(FIRST, 8);
    vm->pager.low = 8;
    for (unsigned i = 0; i < AGE_LEAN; i++) {
        assert_int_equal(one_round(), 0);
        touch_all(FIRST, 8);
        assert_int_equal(vm->pager.aging.lean, i + 1);
    }
    assert_int_equal(one_round(), 8);
    assert_int_equal(vm->pager.aging.lean, 0);
    touch_all(FIRST, 8);
    assert_int_equal(one_round(), 0);
}

/* Pages unused for one generation go before pages in use do. */
static void the_lukewarm_first(void **state)
{
    (void)state;
    touch_all(FIRST, 8);
    vm->pager.low = 4;
    one_round();
    touch_all(FIRST, 8);
    one_round();
    assert_int_equal(vm->pager.aging.lean, AGE_OLD);
    touch_all((gfn_t){12}, 6);
    assert_int_equal(one_round(), 2);
    assert_int_equal(world_state((gfn_t){10}), PAGE_ABSENT);
    assert_int_equal(world_state((gfn_t){11}), PAGE_ABSENT);
    assert_int_equal(vm->pager.aging.lean, AGE_LEAN); /* two were too few */
    assert_int_equal(one_round(), 6);
}

/* Even then a page that has just come in gets to be used once. */
static void what_has_just_come_in(void **state)
{
    (void)state;
    touch_all(FIRST, 2);
    vm->pager.low = 1;
    vm->pager.aging.lean = AGE_LEAN;
    assert_int_equal(one_round(), 0);
    touch_all(FIRST, 2);
    assert_int_equal(one_round(), 2);
}

static unsigned stays;

/* It faults again, for nobody has mapped the page; then it goes on. */
static void comes_back(struct vcpu *v, struct exit *e)
{
    assert_int_equal(v->sat_out, module_gfn(1).v + 1);
    assert_int_equal(one_round(), 0);
    if (!stays++)
        *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = gfn_gpa(module_gfn(1)), .access = ACCESS_READ}};
}

/* What a vCPU sat a fault out for stays until that vCPU has run, however long that takes. */
static void what_is_waited_for(void **state)
{
    static const enum vcpu_state states[] = {VCPU_WAIT_PAGE, VCPU_APF_HALTED};
    struct vcpu *v = world.v;

    (void)state;
    fake_guest = comes_back;
    for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
        unsigned rounds = 0;

        stays = 0;
        v->hw->intr_open = states[i] == VCPU_APF_HALTED;
        world_touch(v, 1);
        assert_int_equal(v->state, states[i]);
        world_read_done(1);
        for (unsigned k = 0; k < 2 * AGE_LEAN; k++)
            assert_int_equal(one_round(), 0);
        world_enter(v);
        assert_int_equal(stays, 2);
        while (!one_round())
            assert_in_range(++rounds, 0, AGE_LEAN);
        assert_int_equal(world_state(module_gfn(1)), PAGE_ABSENT);
    }
}

/* INIT makes it forget what it was about. With no frame beside these nothing is spared. */
static void not_for_ever(void **state)
{
    struct vcpu *v = world.v;

    (void)state;
    touch_all(FIRST, 1);
    vcpu_sit_out(v, FIRST, VCPU_WAIT_PAGE);
    for (unsigned k = 0; k < 2 * AGE_LEAN; k++)
        assert_int_equal(one_round(), 0);
    vcpu_set_state(v, VCPU_RUNNABLE);
    at_store(&v->pub.init, 1);
    vcpu_events(v);
    assert_int_equal(one_round(), 1);

    teardown(state);
    make(1, WORLD_MEMORY);
    touch_all(FIRST, 1);
    vcpu_sit_out(world.v, FIRST, VCPU_WAIT_PAGE);
    (void)one_round();
    (void)one_round();
    assert_int_equal(one_round(), 1);
}

/* All frames in use by pages that are touched as soon as their bits are cleared: one is found within the bound. */
static void a_victim_whenever_there_is_one(void **state)
{
    (void)state;
    teardown(state);
    make(8, WORLD_MEMORY);
    vm->pager.aging.moving = 0;
    touch_all(FIRST, 8);
    assert_int_equal(vm->pager.frames.free, 0);
    after_look = touch_again;
    for (unsigned i = 0; i < 40; i++) {
        u32 f = pager_frame(vm, (gfn_t){100});

        assert_int_not_equal(f, FRAME_NONE);
        framepool_put(&vm->pager.frames, f);
        after_look = NULL; /* loads need frames, which need looks */
        touch_all(FIRST, 8);
        after_look = touch_again;
    }
    assert_true(looks < 40 * age_calls(vm));
}

/* H-C-30, O-1: where software sets the access flag the same generations are counted. */
static void software_access_flags(void **state)
{
    static const struct tdp_ops *const formats[] = {&tdp_ept_noad, &tdp_s2_soft};

    for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
        teardown(state);
        format = formats[i];
        make(FRAMES, WORLD_MEMORY);
        two_generations(state);
    }
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(two_generations),       test(use_by_the_host),
        test(ages_saturate),         test(state_changes_go_first),
        test(everything_is_hot),     test(the_lukewarm_first),
        test(what_has_just_come_in), test(a_victim_whenever_there_is_one),
        test(what_is_waited_for),    test(not_for_ever),
        test(software_access_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
