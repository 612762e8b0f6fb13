/* SPDX-License-Identifier: BSD-2-Clause */
/* bracket.c: what an inconsistent bracket costs: a report, once, or the VM, but never the host (SPEC B6, H-B-7). */
#include "fake/world.h"

static struct vm *vm;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 2, .cpus = 2});
    vm = world.vm;
    return 0;
}

static unsigned said(const char *what)
{
    unsigned n = 0;

    for (const char *at = fake.console; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static void start(struct inv_bracket *b)
{
    bracket_enter(vm, b);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, b);
    write_unlock(&vm->tdp.lock);
}

static void add(struct inv_bracket *b, u64 from, u64 to)
{
    write_lock(&vm->tdp.lock);
    bracket_add(vm, b, (gfn_t){from}, (gfn_t){to});
    write_unlock(&vm->tdp.lock);
}

static void proper(void **state)
{
    struct inv_bracket b = {.who = "test"};

    (void)state;
    start(&b);
    assert_int_equal(vm->inv.active, 1);
    add(&b, 1, 2);
    bracket_end(vm, &b);
    assert_int_equal(vm->inv.active, 0);
    bracket_enter(vm, &b);
    bracket_leave(vm, &b); /* nothing to take */
    assert_int_equal(vm->inv.seq, 1);
    assert_int_equal(fake.console_length, 0);
}

/* Each VM and kind once, with the name of who it was. */
static void delays_are_reported_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct inv_bracket a = {.who = "first"}, b = {.who = "second"};

        start(&a);
        bracket_end(vm, &a);
        add(&a, 1, 2);
        start(&a);
        start(&b);
        add(&a, 3, 3);
        add(&a, 3, 4);
        bracket_end(vm, &a);
        start(&a);
        add(&a, 5, 6);
        bracket_end(vm, &b);
        bracket_end(vm, &a);
        bracket_leave(vm, &a);
    }
    assert_int_equal(said("invariant"), 5);
    assert_int_equal(said("B6-1: an invalidation without a range (first)"), 1);
    assert_int_equal(said("B6-3: a range outside an invalidation (first)"), 1);
    assert_int_equal(said("B6-4: an empty range (first)"), 1);
    assert_int_equal(said("B6-10: an invalidation without a range beside others (second)"), 1);
    assert_int_equal(said("B6-6: an invalidation left that was never entered (first)"), 1);
    assert_int_equal(vm->inv.active, 0);
    assert_int_equal(vm->inv.in_progress, 0);
    assert_int_equal(vm->state, VM_RUNNING);
}

/* B6-2: this VM refuses to run; the host, and another VM, go on. */
static void end_without_start(void **state)
{
    struct inv_bracket b = {.who = "test"};
    struct vm_config config = {.memory = PAGE_SIZE, .resident = 4 * PAGE_SIZE, .vcpus = 1};
    struct vm *sound = vm_create(1, &config, &world.swap.store);

    (void)state;
    bracket_enter(vm, &b);
    bracket_end(vm, &b);
    assert_int_equal(vm->state, VM_STOPPED);
    assert_int_equal(vm->status, VM_STATUS_PANIC);
    assert_int_equal(said("B6-2: an invalidation ended that never started (test)"), 1);
    for (unsigned i = 0; i < vm->vcpus; i++) {
        world_enter(vm->vcpu[i]);
        assert_int_equal(vm->vcpu[i]->state, VCPU_STOPPED);
        assert_int_equal(vm->vcpu[i]->hw->entries, 0);
    }
    assert_int_equal(sound->state, VM_SETUP);
    assert_int_equal(sound->inv_reported, 0);
    vm_destroy(sound);
}

/* B2-9: a stale mapping is possible. */
static void other_slots_at_the_end(void **state)
{
    struct inv_bracket b = {.who = "test"};

    (void)state;
    start(&b);
    add(&b, 1, 2);
    vm->inv.published++;
    bracket_end(vm, &b);
    assert_int_equal(vm->status, VM_STATUS_PANIC);
    assert_int_equal(said("B2-9"), 1);
}

static void lock_is_held(void **state)
{
    struct inv_bracket b = {.who = "test"};

    (void)state;
    bracket_enter(vm, &b);
    expect_assert_failure(bracket_start(vm, &b));
    bracket_leave(vm, &b);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(proper),
        test(delays_are_reported_once),
        test(end_without_start),
        test(other_slots_at_the_end),
        test(lock_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
