/* SPDX-License-Identifier: BSD-2-Clause */
/* precopy_errors.c: a copy that fails midway, meets something at the wrong moment, or is wrong: it is told. */
#include "precopy_rig.h"

static struct precopy_sink *inner;
static bool armed;

static void hooked_begin(struct precopy_sink *s)
{
    (void)s;
    inner->ops->begin(inner);
}

/* While one page from swap is put, the other one arrives. */
static bool hooked_put(struct precopy_sink *s, gfn_t gfn, enum precopy_kind kind, const void *page)
{
    (void)s;
    if (armed)
        fake_disk_finish_all();
    return inner->ops->put(inner, gfn, kind, page);
}

/* What arrives between the last look at the reads and the end of the round belongs to the round. */
static void an_arrival_at_the_end(void **state)
{
    static const struct precopy_sink_ops ops = {.begin = hooked_begin, .put = hooked_put};
    struct precopy_sink hooked = {.ops = &ops};
    struct precopy_config c = config();

    (void)state;
    inner = c.sink;
    c.sink = &hooked;
    c.rounds = 1;
    assert_int_equal(precopy_start(vm, &c), DIRTY_OK);
    until(PRECOPY_STOPPING);
    for (u64 i = 126; i < 128; i++) {
        guest_writes(module_gfn(i), i);
        evict(module_gfn(i));
    }
    until(PRECOPY_LAST);
    while (vm_slot(vm, vm->precopy.slot))
        step();
    assert_int_equal(fake_disk.count, 2);
    fake_store_finish(&world.swap, WORLD_MEMORY + 127, 0);
    armed = true;
    step();
    armed = false;
    expect_equal();
    expect_image(module_gfn(126), PRECOPY_BYTES, 126);
    expect_image(module_gfn(127), PRECOPY_BYTES, 127);
}

/* Nobody verifies the verifier: each kind of page, falsified behind everybody's back, must be told. */
static void mismatches_are_found(void **state)
{
    hpa_t frame;

    (void)state;
    guest_writes((gfn_t){FIRST}, 1);
    (void)reach(v, (gfn_t){20}, false);
    guest_writes((gfn_t){21}, 2);
    guest_writes((gfn_t){22}, 2);
    (void)reach(v, module_gfn(4), false);
    (void)reach(v, module_gfn(5), false);
    evict((gfn_t){21});
    start();
    until(PRECOPY_VERIFYING);
    for (u64 i = 0; i < 2; i++) { /* resident: written, zero, as the module */
        assert_non_null(mmu_leaf(v, i ? (gfn_t){20} : (gfn_t){FIRST}, &frame));
        ((u64 *)port_map(frame))[511] ^= 1;
    }
    assert_non_null(mmu_leaf(v, module_gfn(4), &frame));
    ((u64 *)port_map(frame))[0] ^= 1;
    world.swap.data[21 * PAGE_SIZE + 4095] ^= 1; /* in swap */
    world.module.data[5 * PAGE_SIZE] ^= 1;       /* what the resident page should be */
    at_or(&slot_page(slot_find(vm, (gfn_t){40}), (gfn_t){40})->word, PAGE_SWAPPED); /* put as zero */
    until(PRECOPY_DONE);
    at_and(&slot_page(slot_find(vm, (gfn_t){40}), (gfn_t){40})->word, ~PAGE_SWAPPED);
    assert_int_equal(vm->precopy.report.mismatches, 6);
    world.module.data[5 * PAGE_SIZE] ^= 1;
}

static void one_at_a_time(void **state)
{
    struct precopy_config c = config();

    (void)state;
    start();
    assert_int_equal(precopy_start(vm, &c), DIRTY_ALREADY_ON);
    expect_equal();
    assert_int_equal(precopy_work(vm, fake.now), TIME_NEVER);
    assert_int_equal(dirty_start(vm, TDP_LOG_WRITE_PROTECT), DIRTY_OK); /* somebody else's log */
    assert_int_equal(precopy_start(vm, &c), DIRTY_ALREADY_ON);
    assert_int_equal(vm->precopy.state, PRECOPY_DONE);
    assert_int_equal(dirty_stop(vm), DIRTY_OK);
    c.rounds = 0;
    expect_assert_failure((void)(precopy_start(vm, &c) == DIRTY_OK));
    c.rounds = PRECOPY_ROUNDS + 1;
    expect_assert_failure((void)(precopy_start(vm, &c) == DIRTY_OK));
}

/* Memory runs out at each allocation in turn: nothing begins, or the copy is given up; the guest goes on. */
static void allocation_failures(void **state)
{
    struct precopy_config c = config();
    unsigned refused = 0, given_up = 0;

    (void)state;
    guest_writes((gfn_t){FIRST}, 1);
    guest_writes(module_gfn(1), 1);
    for (unsigned n = 1; !refused || !given_up || vm->precopy.state != PRECOPY_DONE; n++) {
        assert_true(n < 100);
        image_free(&vm->image);
        vm->precopy.state = PRECOPY_IDLE;
        fake_fail_allocation(n);
        if (precopy_start(vm, &c) != DIRTY_OK) {
            refused++;
            assert_int_equal(vm->precopy.state, PRECOPY_IDLE);
            assert_int_equal(vm->tdp.log, TDP_LOG_OFF);
            continue;
        }
        for (unsigned i = 0; i < STEPS && precopy_runs(&vm->precopy); i++) {
            step();
            fake_disk_finish_all();
        }
        if (vm->precopy.state == PRECOPY_FAILED) {
            failed(PRECOPY_SINK_FULL);
            given_up++;
        }
        guest_writes((gfn_t){FIRST}, n);
    }
    fake_fail_allocation(0);
    assert_true(vcpu_run(v, TIME_NEVER) == false && v->hw->entries);
}

static void swap_cannot_be_read(void **state)
{
    (void)state;
    for (u64 i = 0; i < 3; i++) {
        guest_writes((gfn_t){FIRST + i}, i);
        evict((gfn_t){FIRST + i});
    }
    start();
    while (!fake_disk.count)
        step();
    assert_int_equal(fake_disk.count, 3);
    fake_store_finish(&world.swap, FIRST + 1, 0x281);
    step();
    assert_int_equal(precopy_start(vm, &(struct precopy_config){.rounds = 1, .mode = mmu->log}),
                     DIRTY_ALREADY_ON); /* reads of the failed one are still out */
    failed(PRECOPY_STORE_ERROR);
    assert_int_equal(vm->state, VM_RUNNING);
    start();
    until(PRECOPY_VERIFYING); /* and while it is verified */
    while (!fake_disk.count)
        step();
    fake_disk_finish(0, 0x281);
    step();
    failed(PRECOPY_STORE_ERROR);
    start();
    expect_equal();
}

static void the_vm_ends_meanwhile(void **state)
{
    (void)state;
    start();
    until(PRECOPY_LAST);
    vm_exit(vm, 0);
    step();
    failed(PRECOPY_VM_ENDED);
}

static void the_log_is_lost(void **state)
{
    (void)state;
    start();
    step();
    assert_int_equal(dirty_stop(vm), DIRTY_OK);
    for (unsigned i = 0; i < 20 && precopy_runs(&vm->precopy); i++)
        step();
    failed(PRECOPY_LOG_LOST);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(mismatches_are_found), test(an_arrival_at_the_end), test(one_at_a_time),
        test(allocation_failures),  test(swap_cannot_be_read),   test(the_vm_ends_meanwhile),
        test(the_log_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
