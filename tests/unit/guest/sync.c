/* SPDX-License-Identifier: BSD-2-Clause */
/* sync.c: mutexes, conditions and sleep, on one CPU whose time is its instruction count. */
/* with: guest/kern/sched.c guest/kern/sync.c guest/kern/thread.c guest/kern/stack.c guest/kern/time.c */
/* with: guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c guest/kern/apf_table.c guest/kern/ipi.c */
/* with: guest/kern/mem.c guest/kern/runs.c */
/* with: tests/unit/guest/fake/machine.c tests/unit/guest/fake/threads.c tests/unit/guest/fake/run.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fake/run.h"

static struct mutex mutex;
static struct cond cond;

static void lock_twice(void *name)
{
    mutex_lock(&mutex);
    mutex_lock(&mutex);
    run_note(name);
    thread_yield();
    run_note(name);
    mutex_unlock(&mutex);
    thread_yield();
    run_note(name);
    mutex_unlock(&mutex);
}

static void mutex_is_recursive_and_fair(void **state)
{
    (void)state;
    run_start(lock_twice, "a");
    run_start(lock_twice, "b");
    run_start(lock_twice, "c");
    run_all();
    assert_string_equal(run_trace, "aaabbbccc");
    assert_int_equal(mutex.owner, 0);
}

static void try(void *unused)
{
    (void)unused;
    run_note(mutex_trylock(&mutex) ? "got" : "not");
}

static void trylock(void **state)
{
    (void)state;
    run_start(lock_twice, "a");
    run_start(try, NULL);
    run_all();
    assert_string_equal(run_trace, "anotaa");
}

static void lock_by_30_ms(void *unused)
{
    (void)unused;
    run_note(mutex_lock_until(&mutex, 30 * MS) ? "got" : "late");
}

static void hold_for_50_ms(void *unused)
{
    (void)unused;
    mutex_lock(&mutex);
    thread_sleep(50 * MS);
    mutex_unlock(&mutex); /* nobody waits any more, though somebody did */
    assert_false(mutex_mine(&mutex));
    assert_true(mutex_trylock(&mutex));
    assert_true(mutex_mine(&mutex));
    mutex_unlock(&mutex);
    run_note("free");
}

static void lock_with_a_deadline(void **state)
{
    (void)state;
    run_start(hold_for_50_ms, NULL);
    run_start(lock_by_30_ms, NULL);
    run_all();
    assert_string_equal(run_trace, "latefree");
    assert_int_equal(mutex.owner, 0);
    assert_null(mutex.waiters.head);
}

static void wait_for_signal(void *name)
{
    mutex_lock(&mutex);
    cond_wait(&cond, &mutex);
    run_note(name);
    mutex_unlock(&mutex);
}

static void signal_then_broadcast(void *unused)
{
    (void)unused;
    cond_signal(&cond);
    thread_yield();
    thread_yield();
    run_note(".");
    cond_broadcast(&cond);
    cond_signal(&cond); /* nobody waits: lost, as it should be */
}

static void condition(void **state)
{
    (void)state;
    run_start(wait_for_signal, "a");
    run_start(wait_for_signal, "b");
    run_start(wait_for_signal, "c");
    run_start(signal_then_broadcast, NULL);
    run_all();
    assert_string_equal(run_trace, "a.bc");
}

static void wait_with_deadline(void *deadline)
{
    mutex_lock(&mutex);
    run_note(cond_wait_until(&cond, &mutex, *(u64 *)deadline) ? "served" : "late");
    mutex_unlock(&mutex);
}

static void deadline_passes(void **state)
{
    u64 deadline = 30 * MS;

    (void)state;
    run_start(wait_with_deadline, &deadline);
    run_all();
    assert_string_equal(run_trace, "late");
    assert_in_range(run_noted_at, 30 * MS, 31 * MS);
    assert_null(cond.waiters.head);
}

static void signal_later(void *unused)
{
    (void)unused;
    thread_sleep(5 * MS);
    cond_signal(&cond);
}

static void served_before_the_deadline(void **state)
{
    u64 deadline = 30 * MS;

    (void)state;
    run_start(wait_with_deadline, &deadline);
    run_start(signal_later, NULL);
    run_all();
    assert_string_equal(run_trace, "served");
    assert_in_range(run_noted_at, 5 * MS, 6 * MS);
    assert_null(cpus[0].sleepers);
}

static void sleep_for(void *name)
{
    thread_sleep((u64)(*(char *)name - '0') * 10 * MS);
    run_note(name);
}

static void sleepers_wake_in_order(void **state)
{
    (void)state;
    run_start(sleep_for, "3");
    run_start(sleep_for, "1");
    run_start(sleep_for, "2");
    run_all();
    assert_string_equal(run_trace, "123");
    assert_in_range(run_noted_at, 30 * MS, 31 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mutex_is_recursive_and_fair, run_setup),
        cmocka_unit_test_setup(trylock, run_setup),
        cmocka_unit_test_setup(lock_with_a_deadline, run_setup),
        cmocka_unit_test_setup(condition, run_setup),
        cmocka_unit_test_setup(deadline_passes, run_setup),
        cmocka_unit_test_setup(served_before_the_deadline, run_setup),
        cmocka_unit_test_setup(sleepers_wake_in_order, run_setup),
    };

    return cmocka_run_group_tests(tests, run_setup_once, NULL);
}
