/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c: the life of a thread: a table entry, a stack, and who sees to them when it is over. */
#include "thread.h"
#include "spin.h"
#include "lib/fmt.h"
#include "lib/str.h"
#include "os.h"
#include "panic.h"
#include "percpu.h"
#include "tls.h"

#define IDLE_STACK_BYTES (9 * KiB)

static struct thread threads[MAX_THREADS];
static struct thread idle_threads[MAX_CPUS];
static struct spin table_lock;
static u8 idle_stack[IDLE_STACK_BYTES] __attribute__((aligned(16))); /* of the first CPU */

extern u8 first_stack[], first_stack_end[]; /* by the linker script; begins with the guard pages */

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

/* t will not run again, and nobody knows it any more. */
static void bury(struct thread *t)
{
    stack_give(&t->stack);
    at_store_rel(&t->state, THREAD_FREE);
}

static void bury_detached(void)
{
    struct thread *t;

    while ((t = sched_take_ended()))
        bury(t);
}

static void thread_entry(void)
{
    struct thread *t = karch_thread();

    sched_begin();
    karch_irq_restore(true);
    os_thread_run(t->fn, t->arg);
    thread_exit();
}

static void set_name(struct thread *t, const char *name)
{
    fmt_sn(t->name, sizeof(t->name), "%s", name ? name : "");
}

struct thread *thread_create_as(const struct thread_attr *attr, void (*fn)(void *), void *arg)
{
    struct thread *t;
    void *sp;
    bool on;

    bury_detached();
    t = claim_entry();
    if (!t)
        return NULL;
    if (!stack_make(&t->stack, attr->stack_bytes)) {
        at_store_rel(&t->state, THREAD_FREE);
        return NULL;
    }
    t->fn = fn;
    t->arg = arg;
    t->permit = false;
    t->joiner = NULL;
    t->detached = attr->detached;
    set_name(t, attr->name);
    t->tls = tls_make(stack_top(&t->stack), &sp);
    karch_thread_init(t, sp, thread_entry);
    karch_fpu_init(t);
    on = karch_irq_save();
    sched_enqueue_new(t);
    karch_irq_restore(on);
    return t;
}

struct thread *thread_create(void (*fn)(void *), void *arg)
{
    return thread_create_as(&(struct thread_attr){0}, fn, arg);
}

void thread_join(struct thread *t)
{
    bool on = karch_irq_save();

    check(t != karch_thread() && !t->detached);
    while (!sched_join_poll(t))
        sched_park(NO_DEADLINE);
    karch_irq_restore(on);
    bury(t);
}

void thread_detach(struct thread *t)
{
    bool on = karch_irq_save();

    sched_detach(t);
    karch_irq_restore(on);
    bury_detached();
}

void thread_exit(void)
{
    check(karch_thread()->fn); /* the first thread has none */
    os_thread_end();
    karch_irq_save();
    sched_exit();
}

static void idle_entry(void)
{
    sched_begin();
    sched_idle();
}

void thread_adopt_first(struct percpu *c)
{
    struct thread *first = &threads[0], *idle = &idle_threads[c->id];

    first->state = THREAD_RUNNING;
    first->stack = (struct stack){
        first_stack, ROUND_DOWN((size_t)(first_stack_end - first_stack), PAGE_SIZE) - STACK_GUARD};
    first->tls = tls_make_first();
    karch_tls_set(first->tls);
    c->current = first;
    karch_thread_init(idle, idle_stack + sizeof(idle_stack), idle_entry);
    c->idle = idle;
}

void *thread_idle_stack(unsigned cpu)
{
    struct stack *s = &idle_threads[cpu].stack;

    return stack_make(s, 0) ? stack_top(s) : NULL;
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

unsigned thread_number(const struct thread *t)
{
    return (unsigned)(t - threads);
}

const char *thread_name(const struct thread *t)
{
    return t->fn ? t->name : "main";
}

struct thread *thread_guarded(u64 addr)
{
    for (unsigned i = 0; i < MAX_THREADS; i++)
        if (stack_guards(&threads[i].stack, addr))
            return &threads[i];
    return NULL;
}
