/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c: the life of a thread: a table entry and a stack with a guard page below it. */
#include "thread.h"
#include "spin.h"
#include "mem.h"
#include "os.h"
#include "panic.h"
#include "percpu.h"
#include "tls.h"

#define STACK_PAGES      16
#define IDLE_STACK_BYTES (9 * KiB)

static struct thread threads[MAX_THREADS];
static struct thread idle_threads[MAX_CPUS];
static struct spin table_lock;
static u8 idle_stack[IDLE_STACK_BYTES] __attribute__((aligned(16))); /* of the first CPU */

static struct thread *claim_entry(void)
{
    struct thread *t = NULL;
    bool on = irq_lock(&table_lock);

    for (unsigned i = 0; i < MAX_THREADS && !t; i++) {
        if (threads[i].state == THREAD_FREE) {
            t = &threads[i];
            t->state = THREAD_NEW; /* a late sched_unpark() of its former user leaves it alone */
        }
    }
    irq_unlock(&table_lock, on);
    return t;
}

void *thread_stack_new(void)
{
    u8 *pages = mem_pages(STACK_PAGES + 1);

    if (!pages)
        return NULL;
    karch_guard(pages);
    return pages + (STACK_PAGES + 1) * PAGE_SIZE;
}

static void thread_entry(void)
{
    struct thread *t = karch_thread();

    sched_begin();
    karch_irq_restore(true);
    os_thread_run(t->fn, t->arg);
    karch_irq_save();
    sched_exit();
}

struct thread *thread_create(void (*fn)(void *), void *arg)
{
    struct thread *t = claim_entry();
    void *sp;
    bool on;

    if (!t)
        return NULL;
    if (!t->stack)
        t->stack = thread_stack_new();
    if (!t->stack) {
        t->state = THREAD_FREE;
        return NULL;
    }
    t->fn = fn;
    t->arg = arg;
    t->permit = false;
    t->joiner = NULL;
    t->tls = tls_make(t->stack, &sp);
    karch_thread_init(t, sp, thread_entry);
    on = karch_irq_save();
    sched_enqueue_new(t);
    karch_irq_restore(on);
    return t;
}

void thread_join(struct thread *t)
{
    bool on = karch_irq_save();

    check(t != karch_thread());
    while (!sched_join_poll(t))
        sched_park(NO_DEADLINE);
    at_store_rel(&t->state, THREAD_FREE);
    karch_irq_restore(on);
}

static void idle_entry(void)
{
    sched_begin();
    sched_idle();
}

void thread_adopt_first(struct percpu *c)
{
    struct thread *idle = &idle_threads[c->id];

    threads[0].state = THREAD_RUNNING;
    threads[0].tls = tls_make_first();
    karch_tls_set(threads[0].tls);
    c->current = &threads[0];
    karch_thread_init(idle, idle_stack + sizeof(idle_stack), idle_entry);
    c->idle = idle;
}

void thread_adopt_idle(struct percpu *c)
{
    struct thread *t = &idle_threads[c->id];

    t->state = THREAD_RUNNING;
    c->idle = c->current = t;
}

struct thread *thread_self(void)
{
    return karch_thread();
}
