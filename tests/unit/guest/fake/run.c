/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c: the kernel's scheduler at work, with the test as its idle thread. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "run.h"
#include "clock.h"
#include "irq.h"
#include "mem.h"
#include "os.h"
#include "pv.h"
#include <string.h>

#define STARTED_MAX 8

struct percpu cpus[MAX_CPUS];
char run_trace[64];
u64 run_noted_at;

static jmp_buf quiet;
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

void os_thread_end(void)
{
}

void run_idle(void)
{
    if (fake.timer_due == TIMER_OFF)
        longjmp(quiet, 1);
    fake.tsc = MAX(fake.tsc, fake.timer_due);
    fake.timer_due = TIMER_OFF;
    irq_timer();
    irq_exit();
}

void run_all(void)
{
    if (!setjmp(quiet))
        sched_idle();
    fake.irqs_on = false;
    while (starts)
        thread_join(started[--starts]);
}

int run_setup(void **state)
{
    (void)state;
    fake_reset();
    fake.on_wait = run_idle;
    memset(run_trace, 0, sizeof(run_trace));
    thread_adopt_idle(&cpus[0]);
    return 0;
}

int run_setup_once(void **state)
{
    (void)state;
    fake_reset();
    mem_init();
    pv_init();
    clock_init();
    return 0;
}

void run_note(const char *what)
{
    strcat(run_trace, what);
    run_noted_at = fake.tsc;
}

struct thread *run_create(void (*fn)(void *), void *arg)
{
    struct thread *t = thread_create(fn, arg);

    assert_non_null(t);
    return t;
}

void run_start(void (*fn)(void *), void *arg)
{
    started[starts++] = run_create(fn, arg);
}
