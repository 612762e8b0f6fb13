/* SPDX-License-Identifier: BSD-2-Clause */
/* precopy.c: is the copy of a guest that goes on writing what its memory is? In each format and mode. */
#include "precopy_rig.h"

static void every_kind_of_page(void)
{
    guest_writes((gfn_t){FIRST}, 1);      /* resident, written */
    (void)reach(v, (gfn_t){20}, false);   /* resident, zero */
    guest_writes((gfn_t){21}, 2);         /* in swap */
    guest_writes(module_gfn(3), 3);       /* a module's page, in swap */
    (void)reach(v, module_gfn(4), false); /* resident, as in the module */
    guest_writes(module_gfn(5), 4);
    evict((gfn_t){21});
    evict(module_gfn(3));
    guest_writes((gfn_t){23}, 6); /* taken away by the test hook */
    assert_int_equal(pager_set_aside(vm, (gfn_t){23}), ASIDE_DONE);
    start();
    expect_equal();
    expect_image((gfn_t){23}, PRECOPY_BYTES, 6);
    expect_image((gfn_t){FIRST}, PRECOPY_BYTES, 1);
    expect_image((gfn_t){21}, PRECOPY_BYTES, 2);
    expect_image((gfn_t){22}, PRECOPY_ZERO, 0);
    expect_image(module_gfn(3), PRECOPY_BYTES, 3);
    expect_image(module_gfn(5), PRECOPY_BYTES, 4);
    expect_image(module_gfn(WORLD_MODULE - 1), PRECOPY_SOURCE, 0);
    expect_image((gfn_t){WORLD_MEMORY}, PRECOPY_NONE, 0);
    assert_int_equal(vm->precopy.report.round[0], WORLD_MEMORY + WORLD_MODULE);
    assert_int_equal(world_state((gfn_t){21}), PAGE_ABSENT); /* the guest was not disturbed */
    guest_writes((gfn_t){21}, 5);                            /* and goes on, without a log */
}

static void writes_between_slices(void)
{
    start();
    for (unsigned i = 0; i < 300 && precopy_runs(&vm->precopy); i++) {
        gfn_t g = {FIRST + i * 7 % 100};

        if (!hold_on(&vm->hold)) {
            guest_writes(i % 3 ? g : module_gfn(i % 50), i + 1);
            if (i % 5 == 0)
                (void)pager_evict_range(vm, g, (gfn_t){g.v + 2});
        }
        step();
        if (i % 3 == 0)
            fake_disk_finish_all();
    }
    expect_equal();
    assert_true(vm->precopy.report.rounds > 1);
    assert_true(vm->precopy.report.last > 0);
}

/* What the guest writes last before it stands still is in the copy, and the host's writes are. */
static void last_writes(void)
{
    start();
    until(PRECOPY_STOPPING);
    assert_int_equal(vcpu_run(v, TIME_NEVER), false);
    assert_int_equal(v->hw->entries, 0);
    guest_writes((gfn_t){FIRST}, 99); /* another vCPU, still in the guest */
    (void)reach(v, (gfn_t){FIRST + 1}, false);
    assert_int_equal(guest_write64(vm, gfn_gpa((gfn_t){FIRST + 1}), 98), GUEST_OK);
    expect_equal();
    expect_image((gfn_t){FIRST}, PRECOPY_BYTES, 99);
    expect_image((gfn_t){FIRST + 1}, PRECOPY_BYTES, 98);
    assert_int_equal(vm->precopy.report.last, 2);
}

/* Until both loops have passed, one of them may still be handling an exit. */
static void waits_for_each_cpu(void)
{
    start();
    while (vm->precopy.state != PRECOPY_STOPPING)
        (void)precopy_work(vm, fake.now);
    hold_pass(&vm->hold, 0);
    for (unsigned i = 0; i < 5; i++)
        (void)precopy_work(vm, fake.now);
    assert_int_equal(vm->precopy.state, PRECOPY_STOPPING);
    hold_pass(&vm->hold, 1);
    (void)precopy_work(vm, fake.now);
    assert_int_equal(vm->precopy.state, PRECOPY_LAST);
    expect_equal();
    start(); /* what they saw then does not count for the next one */
    while (vm->precopy.state != PRECOPY_STOPPING)
        (void)precopy_work(vm, fake.now);
    (void)precopy_work(vm, fake.now);
    assert_int_equal(vm->precopy.state, PRECOPY_STOPPING);
}

static void the_number_of_rounds_is_bounded(void)
{
    struct precopy_config c = config();

    c.rounds = 3;
    assert_int_equal(precopy_start(vm, &c), DIRTY_OK);
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(vm->precopy.report.rounds, round);
        for (u64 i = 0; i < 40; i++) /* behind the cursor again and again */
            guest_writes((gfn_t){FIRST + i}, round);
        while (vm->precopy.report.rounds == round)
            step(), fake_disk_finish_all();
    }
    assert_true(hold_on(&vm->hold));
    expect_equal();
    assert_int_equal(vm->precopy.report.rounds, 3);
    assert_in_range(vm->precopy.report.round[1], 1, 40);
}

/* A page on its way out is copied when it is there, or from swap. */
static void pages_on_their_way(void)
{
    guest_writes((gfn_t){FIRST}, 7);
    assert_int_equal(pager_evict_range(vm, (gfn_t){FIRST}, (gfn_t){FIRST + 1}), 1);
    start();
    for (unsigned i = 0; i < 20; i++)
        step();
    assert_int_equal(vm->precopy.at, FIRST);
    fake_disk_finish_all();
    assert_int_equal(world_state((gfn_t){FIRST}), PAGE_ABSENT);
    fake_disk.room = 0; /* the store takes nothing */
    for (unsigned i = 0; i < 20; i++)
        step();
    assert_int_equal(vm->precopy.at, FIRST);
    fake_disk.room = FAKE_QUEUE;
    step();
    assert_true(fake_store_waits(&world.swap, FIRST));
    guest_writes((gfn_t){FIRST}, 8); /* comes back, is written and goes again beside our read */
    evict((gfn_t){FIRST});
    expect_equal();
    expect_image((gfn_t){FIRST}, PRECOPY_BYTES, 8);
}

static void (*const each[])(void) = {
    every_kind_of_page, writes_between_slices,           last_writes,
    waits_for_each_cpu, the_number_of_rounds_is_bounded, pages_on_their_way,
};

static void every_mode(void **state)
{
    for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        begin(*state);
        each[i]();
        world_end();
        assert_int_equal(fake_teardown(NULL), 0);
    }
}

#define MODES (sizeof(mmus) / sizeof(mmus[0]))

int main(void)
{
    struct CMUnitTest tests[MODES];

    for (unsigned i = 0; i < MODES; i++)
        tests[i] = (struct CMUnitTest){mmus[i].name, every_mode, NULL, end, &mmus[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
