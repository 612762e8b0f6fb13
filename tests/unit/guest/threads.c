/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c: the scheduler, and asynchronous page faults on top, on one CPU whose time is its instruction count. */
/* with: guest/kern/sched.c guest/kern/sync.c guest/kern/thread.c guest/kern/stack.c guest/kern/time.c */
/* with: guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c guest/kern/apf_table.c guest/kern/ipi.c */
/* with: guest/kern/mem.c guest/kern/runs.c */
/* with: tests/unit/guest/fake/machine.c tests/unit/guest/fake/threads.c tests/unit/guest/fake/run.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "apf_table.h"
#include "fake/run.h"
#include "mem.h"
#include <string.h>

/* ---- threads ---- */

static void say_twice(void *name)
{
    run_note(name);
    thread_yield();
    run_note(name);
}

static void joiner_of_two(void *unused)
{
    struct thread *a = run_create(say_twice, "a"), *b = run_create(say_twice, "b");

    (void)unused;
    thread_join(a);
    thread_join(b);
    run_note(".");
}

static void first_come_first_served(void **state)
{
    (void)state;
    run_start(joiner_of_two, NULL);
    run_all();
    assert_string_equal(run_trace, "abab.");
}

static void nothing(void *unused)
{
    (void)unused;
}

static void fill_the_table(void *unused)
{
    struct thread *t[MAX_THREADS];

    (void)unused;
    for (unsigned round = 0; round < 2; round++) { /* entries and stacks are used again */
        for (unsigned i = 0; i < MAX_THREADS - 1; i++)
            t[i] = run_create(nothing, NULL);
        assert_null(thread_create(nothing, NULL));
        for (unsigned i = 0; i < MAX_THREADS - 1; i++)
            thread_join(t[i]);
    }
    run_note("ok");
}

static void as_many_threads_as_promised(void **state)
{
    (void)state;
    run_start(fill_the_table, NULL);
    run_all();
    assert_string_equal(run_trace, "ok");
}

static void leave_early(void *name)
{
    run_note(name);
    thread_exit();
}

static void join_one_that_left(void *unused)
{
    struct thread *t = run_create(leave_early, "x");

    (void)unused;
    thread_join(t);
    run_note("joined");
}

static void exit_is_as_returning(void **state)
{
    (void)state;
    run_start(join_one_that_left, NULL);
    run_all();
    assert_string_equal(run_trace, "xjoined");
}

/* More of them than there are entries: each takes its place back when it is over, and its stack. */
static void many_detached(void *unused)
{
    size_t before, after;

    (void)unused;
    for (unsigned i = 0; i <= 2 * MAX_THREADS;
         i++) { /* the last one buries the one before it, and is detached late */
        const struct thread_attr attr = {.stack_bytes = 100 * KiB, .detached = i % 2};
        struct thread *t = thread_create_as(&attr, nothing, NULL);

        assert_non_null(t);
        if (i % 4 == 0)
            thread_yield(); /* it is over before it is detached */
        if (!attr.detached)
            thread_detach(t);
        thread_yield();
        if (i == 0)
            before = mem_pages_left(&(size_t){0});
    }
    after = mem_pages_left(&(size_t){0});
    assert_int_equal(before, after);
    run_note("ok");
}

static void detached_threads_leave_nothing(void **state)
{
    (void)state;
    run_start(many_detached, NULL);
    run_all();
    assert_string_equal(run_trace, "ok");
}

static void who_am_i(void *unused)
{
    (void)unused;
    run_note(thread_name(thread_self()));
}

static void names_of_threads(void *unused)
{
    const struct thread_attr attr = {.name = "a name that is longer than there is room"};
    struct thread *t = thread_create_as(&attr, who_am_i, NULL), *other = run_create(nothing, NULL);

    (void)unused;
    assert_non_null(t);
    assert_true(thread_number(t) < MAX_THREADS);
    assert_int_not_equal(thread_number(t), thread_number(other));
    assert_string_equal(thread_name(other), "");
    thread_join(t);
    thread_join(other);
}

static void names_are_cut(void **state)
{
    (void)state;
    run_start(names_of_threads, NULL);
    run_all();
    assert_string_equal(run_trace, "a name that is ");
}

static void sizes_of_stacks(void *unused)
{
    const struct thread_attr large = {.stack_bytes = 100 * KiB + 1}, huge = {.stack_bytes = SIZE_MAX},
                             tiny = {.stack_bytes = 1};
    struct thread *t = thread_create_as(&large, nothing, NULL), *u = thread_create_as(&tiny, nothing, NULL);

    (void)unused;
    assert_int_equal(t->stack.bytes, 104 * KiB);
    assert_int_equal(u->stack.bytes, 8 * KiB);
    assert_ptr_equal(thread_guarded((uintptr_t)t->stack.guard), t);
    assert_ptr_equal(thread_guarded((uintptr_t)t->stack.guard + STACK_GUARD - 1), t);
    assert_null(thread_guarded((uintptr_t)t->stack.guard + STACK_GUARD));
    assert_null(thread_create_as(&huge, nothing, NULL));
    thread_join(t);
    thread_join(u);
    run_note("ok");
}

static void stacks_are_as_large_as_asked(void **state)
{
    (void)state;
    run_start(sizes_of_stacks, NULL);
    run_all();
    assert_string_equal(run_trace, "ok");
}

static void spin_until_b(void *unused)
{
    (void)unused;
    while (!strchr(run_trace, 'b'))
        time_ns();
    run_note("a");
}

static void say(void *name)
{
    run_note(name);
}

/* A thread that does not give way is made to after its slice. */
static void preemption(void **state)
{
    (void)state;
    run_start(spin_until_b, NULL);
    run_start(say, "b");
    run_all();
    assert_string_equal(run_trace, "ba");
    assert_in_range(run_noted_at, 10 * MS, 11 * MS);
}

static void spin_undisturbed(void *unused)
{
    (void)unused;
    preempt_disable();
    while (fake.tsc < 50 * MS)
        time_ns();
    run_note("a");
    preempt_enable();
    run_note("c");
}

/* … unless it may not be; then as soon as it may. */
static void preemption_disabled(void **state)
{
    (void)state;
    run_start(spin_undisturbed, NULL);
    run_start(say, "b");
    run_all();
    assert_string_equal(run_trace, "abc");
}

/* ---- asynchronous page faults on top (A4.4) ---- */

static void touch_absent_page(void *unused)
{
    bool on = karch_irq_save(); /* as the page-fault entry does */

    (void)unused;
    run_note("wait ");
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    karch_irq_restore(on);
    run_note("go");
}

static void page_comes(void *unused)
{
    bool on = karch_irq_save();

    (void)unused;
    run_note("run ");
    apf_ready(0x1000);
    karch_irq_restore(on);
}

/* A4-30: one thread waits, the others run. */
static void the_others_run_meanwhile(void **state)
{
    (void)state;
    run_start(touch_absent_page, NULL);
    run_start(page_comes, NULL);
    run_all();
    assert_string_equal(run_trace, "wait run go");
}

static void page_comes_while_halted(void)
{
    apf_ready(0x1000);
}

static void touch_with_preemption_disabled(void *unused)
{
    bool on;

    (void)unused;
    preempt_disable();
    on = karch_irq_save();
    fake.on_wait = page_comes_while_halted;
    assert_int_equal(apf_wait(0x1000), APF_HALT_WAITED);
    fake.on_wait = run_idle;
    karch_irq_restore(on);
    run_note("a");
    preempt_enable();
}

/* T-A-146 (A4-32): who holds a lock with interrupts on keeps its CPU, and no other thread comes in between. */
static void halt_wait_when_not_preemptible(void **state)
{
    (void)state;
    run_start(touch_with_preemption_disabled, NULL);
    run_start(say, "b");
    run_all();
    assert_string_equal(run_trace, "ab");
    assert_int_equal(cpus[0].current == cpus[0].idle, 1);
}

static void page_comes_and_somebody_to_run(void)
{
    run_note("halted ");
    fake.on_wait = run_idle;
    run_start(say, "b");
    apf_ready(0x1000);
}

/* T-A-144 (A4-31): the idle thread waits by halting, and runs nobody before it is through with its own access. */
static void idle_thread_is_not_left(void **state)
{
    (void)state;
    fake.on_wait = page_comes_and_somebody_to_run;
    assert_int_equal(apf_wait(0x1000), APF_HALT_WAITED);
    run_note("idle ");
    run_all();
    assert_string_equal(run_trace, "halted idle b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(first_come_first_served, run_setup),
        cmocka_unit_test_setup(as_many_threads_as_promised, run_setup),
        cmocka_unit_test_setup(exit_is_as_returning, run_setup),
        cmocka_unit_test_setup(detached_threads_leave_nothing, run_setup),
        cmocka_unit_test_setup(names_are_cut, run_setup),
        cmocka_unit_test_setup(stacks_are_as_large_as_asked, run_setup),
        cmocka_unit_test_setup(preemption, run_setup),
        cmocka_unit_test_setup(preemption_disabled, run_setup),
        cmocka_unit_test_setup(the_others_run_meanwhile, run_setup),
        cmocka_unit_test_setup(halt_wait_when_not_preemptible, run_setup),
        cmocka_unit_test_setup(idle_thread_is_not_left, run_setup),
    };

    return cmocka_run_group_tests(tests, run_setup_once, NULL);
}
