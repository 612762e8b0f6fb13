/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_table.c: the wait/wake table of asynchronous page faults, with a scheduler that does what the test says. */
/* with: guest/kern/apf_table.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_apf.h"
#include "apf_table.h"
#include "boot.h"
#include "fake/machine.h"
#include "irq.h"
#include "thread.h"
#include <string.h>

struct percpu cpus[MAX_CPUS];
struct boot boot;

static struct thread a, b;
static unsigned parks, woken_a, woken_b;
static void (*while_parked)(void); /* what the rest of the world does meanwhile; once */

void sched_park(u64 deadline_ns)
{
    void (*world)(void) = while_parked;

    assert_int_equal(deadline_ns, NO_DEADLINE);
    assert_true(++parks < 100);
    while_parked = NULL;
    if (world)
        world();
}

void sched_unpark(struct thread *t)
{
    woken_a += t == &a;
    woken_b += t == &b;
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, &a);
    a.preempt_off = 0;
    parks = woken_a = woken_b = 0;
    while_parked = NULL;
    return 0;
}

/* All the markers of this CPU can be taken, and a wait for each gives it back. */
static void assert_no_marker_is_lost(void)
{
    for (u32 i = 0; i < APF_PER_VCPU; i++)
        apf_ready(0x100000 + (i << APF_TOKEN_SEQ_SHIFT));
    for (u32 i = 0; i < APF_PER_VCPU; i++)
        assert_int_equal(apf_wait(0x100000 + (i << APF_TOKEN_SEQ_SHIFT)), APF_NOT_NEEDED);
}

static void ready_1000(void)
{
    apf_ready(0x1000);
}

static void wait_then_ready(void **state)
{
    (void)state;
    while_parked = ready_1000;
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    assert_int_equal(woken_a, 1);
    assert_no_marker_is_lost();
}

/* T-A-140 (A4-22): ready before wait: the wait returns at once and the marker is free again. */
static void ready_then_wait(void **state)
{
    (void)state;
    apf_ready(0x1000);
    assert_int_equal(apf_wait(0x1000), APF_NOT_NEEDED);
    assert_int_equal(parks, 0);
    assert_no_marker_is_lost();
}

/* T-A-141 (A0-26): a second thread that is told the same token goes on at once and does not disturb the first. */
static void b_waits_for_the_same(void)
{
    fake_cpu(0, &b);
    assert_int_equal(apf_wait(0x1000), APF_NOT_NEEDED);
    assert_int_equal(woken_a + woken_b, 0);
    fake_cpu(0, &a);
    apf_ready(0x1000);
}

static void duplicate_token(void **state)
{
    (void)state;
    while_parked = b_waits_for_the_same;
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    assert_int_equal(woken_a, 1);
    assert_int_equal(woken_b, 0);
    assert_no_marker_is_lost();
}

/* A ready that is told twice finds the marker and leaves it. */
static void duplicate_ready(void **state)
{
    (void)state;
    apf_ready(0x1000);
    apf_ready(0x1000);
    assert_int_equal(apf_wait(0x1000), APF_NOT_NEEDED);
    assert_no_marker_is_lost();
}

static void nothing_then_ready(void)
{
    while_parked = ready_1000;
}

/* A wake without a reason (A4-26) does not end the wait. */
static void spurious_wake(void **state)
{
    (void)state;
    while_parked = nothing_then_ready;
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    assert_int_equal(parks, 2);
}

static void wake_cpu_0(void)
{
    apf_wake_cpu(0);
    assert_int_equal(woken_a, 1);
    assert_int_equal(woken_b, 0);
    apf_ready(0x2001);
    assert_int_equal(woken_b, 1);
}

static void b_waits_on_cpu_1(void)
{
    fake_cpu(1, &b);
    while_parked = wake_cpu_0;
    assert_int_equal(apf_wait(0x2001), APF_WAITED);
}

/* T-A-142 (A4-25): wake-all wakes who began to wait on this CPU, nobody else, and keeps markers. */
static void wake_all(void **state)
{
    (void)state;
    apf_ready(0x3000);
    while_parked = b_waits_on_cpu_1;
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    fake_cpu(0, &a);
    assert_int_equal(apf_wait(0x3000), APF_NOT_NEEDED);
    assert_no_marker_is_lost();
}

static void wake_all_here_and_there(void)
{
    apf_wake_cpu(1);
    assert_int_equal(woken_a, 0);
    fake_cpu(0, &b);
    apf_wake_cpu(0);
    assert_int_equal(woken_a, 1);
    fake_cpu(1, &a);
}

/* A wake without a reason, and it is run on another CPU, where it parks again. */
static void a_moves_to_cpu_1(void)
{
    fake_cpu(1, &a);
    while_parked = wake_all_here_and_there;
}

/* T-A-151 (A4-41): a thread that was moved after it parked belongs to the CPU on which it began to wait. */
static void wake_all_of_one_that_moved(void **state)
{
    (void)state;
    while_parked = a_moves_to_cpu_1;
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
    assert_int_equal(parks, 2);
}

/* At enable and disable the markers of this CPU are forgotten, and only those. */
static void forget_markers(void **state)
{
    (void)state;
    apf_ready(0x1000);
    fake_cpu(1, &b);
    apf_ready(0x2001);
    apf_forget_markers(0);
    assert_int_equal(apf_wait(0x2001), APF_NOT_NEEDED);
    fake_cpu(0, &a);
    assert_no_marker_is_lost();
    while_parked = ready_1000;
    assert_int_equal(apf_wait(0x1000), APF_WAITED);
}

static void one_too_many(void)
{
    apf_ready(0xfffff000);
}

/* T-A-143 (A4-24): 64 markers on a CPU are what a host may cause; one more is its bug and ends the VM. */
static void markers_run_out(void **state)
{
    (void)state;
    for (u32 i = 0; i < APF_PER_VCPU; i++)
        apf_ready(0x100000 + (i << APF_TOKEN_SEQ_SHIFT));
    assert_true(fake_ends(one_too_many, STATUS_PANIC));
    assert_non_null(strstr(fake.console, "A4-24"));
}

/* A4-31: who may not be descheduled halts; a ready handled on this CPU needs no interrupt to end the halt. */
static void halt_wait(void **state)
{
    (void)state;
    a.preempt_off = 1;
    fake.on_wait = ready_1000;
    assert_int_equal(apf_wait(0x1000), APF_HALT_WAITED);
    assert_int_equal(fake.waits, 1);
    assert_int_equal(parks + woken_a, 0);
    assert_int_equal(fake.ipis[0][KIRQ_RESCHED], 0);
}

/* T-A-144 (A4-31): the idle thread is one of those: there is nobody to run instead of it. */
static void idle_thread_halts(void **state)
{
    (void)state;
    cpus[0].idle = &a;
    fake.on_wait = ready_1000;
    assert_int_equal(apf_wait(0x1000), APF_HALT_WAITED);
    assert_int_equal(fake.waits, 1);
    assert_int_equal(parks + woken_a, 0);
}

static void ready_on_cpu_1(void)
{
    fake_cpu(1, &b);
    apf_ready(0x1000);
    fake_cpu(0, &a);
}

static void halt_wait_ended_by_another_cpu(void **state)
{
    (void)state;
    a.preempt_off = 1;
    fake.on_wait = ready_on_cpu_1;
    assert_int_equal(apf_wait(0x1000), APF_HALT_WAITED);
    assert_int_equal(fake.ipis[0][KIRQ_RESCHED], 1);
}

static void timer_then_ready(void)
{
    if (fake.waits == 2)
        apf_ready(0x1000);
}

/* T-A-145 (A4-31): another interrupt ends the halt first: it looks again and goes back to waiting. */
static void halt_wait_looks_again(void **state)
{
    (void)state;
    a.preempt_off = 1;
    fake.on_wait = timer_then_ready;
    assert_int_equal(apf_wait(0x1000), APF_HALT_WAITED);
    assert_int_equal(fake.waits, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(wait_then_ready, setup),
        cmocka_unit_test_setup(ready_then_wait, setup),
        cmocka_unit_test_setup(duplicate_token, setup),
        cmocka_unit_test_setup(duplicate_ready, setup),
        cmocka_unit_test_setup(spurious_wake, setup),
        cmocka_unit_test_setup(wake_all, setup),
        cmocka_unit_test_setup(wake_all_of_one_that_moved, setup),
        cmocka_unit_test_setup(forget_markers, setup),
        cmocka_unit_test_setup(halt_wait, setup),
        cmocka_unit_test_setup(idle_thread_halts, setup),
        cmocka_unit_test_setup(halt_wait_ended_by_another_cpu, setup),
        cmocka_unit_test_setup(halt_wait_looks_again, setup),
        cmocka_unit_test_setup(markers_run_out, setup), /* last: it leaves the table full */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
