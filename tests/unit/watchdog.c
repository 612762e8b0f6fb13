/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.c: a quiet store pauses the VM in words, an answer resumes it, long silence stops it. */
#include "fake/world.h"
#include "watchdog.h"

#define SECOND 1000000000ull

static struct vm *vm;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){0});
    vm = world.vm;
    fake_console_clear();
    return 0;
}

static void look_after(u64 ns)
{
    fake.now += ns;
    watchdog_look(vm, fake.now);
}

static void nothing_to_say(void **state)
{
    (void)state;
    look_after(100 * SECOND);
    world_touch(world.v, 1);
    look_after(5 * SECOND);
    assert_int_equal(vm->state, VM_RUNNING);
    assert_string_equal(fake.console, "");
}

static void late_then_answered(void **state)
{
    (void)state;
    world_touch(world.v, 1);
    look_after(5 * SECOND + 1);
    assert_int_equal(vm->state, VM_PAUSED);
    assert_non_null(strstr(fake.console,
                           "no answer for 5 s to a read of gpa 0x100001000 (store 'data', block 1008): "
                           "paused; stops after 30 s"));
    fake_console_clear();
    look_after(SECOND);
    assert_string_equal(fake.console, ""); /* said once */
    world_read_done(1);
    look_after(SECOND);
    assert_int_equal(vm->state, VM_RUNNING);
    assert_non_null(strstr(fake.console, "answers again"));
}

/* One answer is not enough while another request is late. */
static void two_late_requests(void **state)
{
    (void)state;
    world_touch(world.v, 1);
    vcpu_set_state(world.v, VCPU_RUNNABLE);
    world_touch(world.v, 2);
    look_after(6 * SECOND);
    world_read_done(1);
    look_after(SECOND);
    assert_int_equal(vm->state, VM_PAUSED);
    world_read_done(2);
    look_after(SECOND);
    assert_int_equal(vm->state, VM_RUNNING);
}

static void given_up(void **state)
{
    (void)state;
    assert_int_equal(pager_evict_range(vm, (gfn_t){1}, (gfn_t){2}), 1);
    look_after(29 * SECOND);
    assert_non_null(strstr(fake.console, "to a write of gpa 0x1000 (store 'swap'"));
    assert_int_equal(vm->state, VM_PAUSED);
    look_after(2 * SECOND);
    assert_int_equal(vm->state, VM_STOPPED);
    assert_int_equal(vm->status, VM_STATUS_STORE_TIMEOUT);
    assert_non_null(strstr(fake.console, "store 'swap' did not answer for 31 s"));
    fake_console_clear();
    look_after(SECOND);
    assert_string_equal(fake.console, "");
}

/* The CPU was away for so long that the first look is the last. */
static void too_late_at_the_first_look(void **state)
{
    (void)state;
    world_touch(world.v, 1);
    look_after(31 * SECOND);
    assert_int_equal(vm->status, VM_STATUS_STORE_TIMEOUT);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(nothing_to_say), test(late_then_answered),         test(two_late_requests),
        test(given_up),       test(too_late_at_the_first_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
