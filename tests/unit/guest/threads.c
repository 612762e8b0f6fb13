/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c: the scheduler and what waits on it, on one CPU whose time is its instruction count. */
/* with: guest/kern/sched.c guest/kern/sync.c guest/kern/thread.c guest/kern/time.c guest/kern/mem.c */
/* with: guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c guest/kern/apf_table.c */
/* with: tests/unit/guest/fake/machine.c tests/unit/guest/fake/threads.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "apf_table.h"
#include "boot.h"
#include "clock.h"
#include "fake/machine.h"
#include "irq.h"
#include "mem.h"
#include "os.h"
#include "pv.h"
#include "thread.h"
#include <string.h>

#define MS 1000000ull

struct percpu cpus[MAX_CPUS];

#define STARTED_MAX 8

static jmp_buf quiet;
static char trace[64];
static u64 noted_at;
static struct thread *started[STARTED_MAX];
static unsigned starts;

unsigned cpu_count(void)
{
    return 1;
}

void os_thread_run(void (*fn)(void *), void *arg)
{
    fn(arg);
}

/* Nothing runs: time passes until the timer, or, if it is not armed, the test is over. */
static void idle(void)
{
    if (fake.timer_due == TIMER_OFF)
        longjmp(quiet, 1);
    fake.tsc = MAX(fake.tsc, fake.timer_due);
    fake.timer_due = TIMER_OFF;
    irq_timer();
    irq_exit();
}

/* Runs all threads until nothing can run any more; those the test started must have ended. */
static void run(void)
{
    if (!setjmp(quiet))
        sched_idle();
    fake.irqs_on = false;
    while (starts)
        thread_join(started[--starts]);
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake.on_wait = idle;
    memset(trace, 0, sizeof(trace));
    thread_adopt_idle(&cpus[0]);
    return 0;
}

static int setup_once(void **state)
{
    (void)state;
    fake_reset();
    mem_init();
    pv_init();
    clock_init();
    return 0;
}

static void note(const char *what)
{
    strcat(trace, what);
    noted_at = fake.tsc;
}

static struct thread *create(void (*fn)(void *), void *arg)
{
    struct thread *t = thread_create(fn, arg);

    assert_non_null(t);
    return t;
}

static void start(void (*fn)(void *), void *arg)
{
    started[starts++] = create(fn, arg);
}

/* ---- threads ---- */

static void say_twice(void *name)
{
    note(name);
    thread_yield();
    note(name);
}

static void joiner_of_two(void *unused)
{
    struct thread *a = create(say_twice, "a"), *b = create(say_twice, "b");

    (void)unused;
    thread_join(a);
    thread_join(b);
    note(".");
}

static void first_come_first_served(void **state)
{
    (void)state;
    start(joiner_of_two, NULL);
    run();
    assert_string_equal(trace, "abab.");
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
            t[i] = create(nothing, NULL);
        assert_null(thread_create(nothing, NULL));
        for (unsigned i = 0; i < MAX_THREADS - 1; i++)
            thread_join(t[i]);
    }
    note("ok");
}

static void as_many_threads_as_promised(void **state)
{
    (void)state;
    start(fill_the_table, NULL);
    run();
    assert_string_equal(trace, "ok");
}

static void spin_until_b(void *unused)
{
    (void)unused;
    while (!strchr(trace, 'b'))
        time_ns();
    note("a");
}

static void say(void *name)
{
    note(name);
}

/* A thread that does not give way is made to after its slice. */
static void preemption(void **state)
{
    (void)state;
    start(spin_until_b, NULL);
    start(say, "b");
    run();
    assert_string_equal(trace, "ba");
    assert_in_range(noted_at, 10 * MS, 11 * MS);
}

static void spin_undisturbed(void *unused)
{
    (void)unused;
    preempt_disable();
    while (fake.tsc < 50 * MS)
        time_ns();
    note("a");
    preempt_enable();
    note("c");
}

/* … unless it may not be; then as soon as it may. */
static void preemption_disabled(void **state)
{
    (void)state;
    start(spin_undisturbed, NULL);
    start(say, "b");
    run();
    assert_string_equal(trace, "abc");
}

/* ---- sync ---- */

static struct mutex mutex;
static struct cond cond;

static void lock_twice(void *name)
{
    mutex_lock(&mutex);
    mutex_lock(&mutex);
    note(name);
    thread_yield();
    note(name);
    mutex_unlock(&mutex);
    thread_yield();
    note(name);
    mutex_unlock(&mutex);
}

static void mutex_is_recursive_and_fair(void **state)
{
    (void)state;
    start(lock_twice, "a");
    start(lock_twice, "b");
    start(lock_twice, "c");
    run();
    assert_string_equal(trace, "aaabbbccc");
    assert_null(mutex.owner);
}

static void try(void *unused)
{
    (void)unused;
    note(mutex_trylock(&mutex) ? "got" : "not");
}

static void trylock(void **state)
{
    (void)state;
    start(lock_twice, "a");
    start(try, NULL);
    run();
    assert_string_equal(trace, "anotaa");
}

static void wait_for_signal(void *name)
{
    mutex_lock(&mutex);
    cond_wait(&cond, &mutex);
    note(name);
    mutex_unlock(&mutex);
}

static void signal_then_broadcast(void *unused)
{
    (void)unused;
    cond_signal(&cond);
    thread_yield();
    thread_yield();
    note(".");
    cond_broadcast(&cond);
    cond_signal(&cond); /* nobody waits: lost, as it should be */
}

static void condition(void **state)
{
    (void)state;
    start(wait_for_signal, "a");
    start(wait_for_signal, "b");
    start(wait_for_signal, "c");
    start(signal_then_broadcast, NULL);
    run();
    assert_string_equal(trace, "a.bc");
}

static void wait_with_deadline(void *deadline)
{
    mutex_lock(&mutex);
    note(cond_wait_until(&cond, &mutex, *(u64 *)deadline) ? "served" : "late");
    mutex_unlock(&mutex);
}

static void deadline_passes(void **state)
{
    u64 deadline = 30 * MS;

    (void)state;
    start(wait_with_deadline, &deadline);
    run();
    assert_string_equal(trace, "late");
    assert_in_range(noted_at, 30 * MS, 31 * MS);
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
    start(wait_with_deadline, &deadline);
    start(signal_later, NULL);
    run();
    assert_string_equal(trace, "served");
    assert_in_range(noted_at, 5 * MS, 6 * MS);
    assert_null(cpus[0].sleepers);
}

static void sleep_for(void *name)
{
    thread_sleep((u64)(*(char *)name - '0') * 10 * MS);
    note(name);
}

static void sleepers_wake_in_order(void **state)
{
    (void)state;
    start(sleep_for, "3");
    start(sleep_for, "1");
    start(sleep_for, "2");
    run();
    assert_string_equal(trace, "123");
    assert_in_range(noted_at, 30 * MS, 31 * MS);
}

/* ---- asynchronous page faults on top (A4.4) ---- */

static void touch_absent_page(void *unused)
{
    bool on = karch_irq_save(); /* as the page-fault entry does */

    (void)unused;
    note("wait ");
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    karch_irq_restore(on);
    note("go");
}

static void page_comes(void *unused)
{
    bool on = karch_irq_save();

    (void)unused;
    note("run ");
    apf_ready(0x1000);
    karch_irq_restore(on);
}

/* A4-30: one thread waits, the others run. */
static void the_others_run_meanwhile(void **state)
{
    (void)state;
    start(touch_absent_page, NULL);
    start(page_comes, NULL);
    run();
    assert_string_equal(trace, "wait run go");
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
    fake.on_wait = idle;
    karch_irq_restore(on);
    note("a");
    preempt_enable();
}

/* T-A-146 (A4-32): who holds a lock with interrupts on keeps its CPU, and no other thread comes in between. */
static void halt_wait_when_not_preemptible(void **state)
{
    (void)state;
    start(touch_with_preemption_disabled, NULL);
    start(say, "b");
    run();
    assert_string_equal(trace, "ab");
    assert_int_equal(cpus[0].current == cpus[0].idle, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(first_come_first_served, setup),
        cmocka_unit_test_setup(as_many_threads_as_promised, setup),
        cmocka_unit_test_setup(preemption, setup),
        cmocka_unit_test_setup(preemption_disabled, setup),
        cmocka_unit_test_setup(mutex_is_recursive_and_fair, setup),
        cmocka_unit_test_setup(trylock, setup),
        cmocka_unit_test_setup(condition, setup),
        cmocka_unit_test_setup(deadline_passes, setup),
        cmocka_unit_test_setup(served_before_the_deadline, setup),
        cmocka_unit_test_setup(sleepers_wake_in_order, setup),
        cmocka_unit_test_setup(the_others_run_meanwhile, setup),
        cmocka_unit_test_setup(halt_wait_when_not_preemptible, setup),
    };

    return cmocka_run_group_tests(tests, setup_once, NULL);
}
