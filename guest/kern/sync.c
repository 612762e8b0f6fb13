/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sync.c: mutexes, conditions and sleeping, on top of park and unpark.
 *
 * From taking its place in a queue until it is served a thread keeps interrupts off, so no asynchronous page fault can
 * make it wait for something else meanwhile. Each operation therefore touches its object first, with interrupts on:
 * then an absent page costs only this thread (A4-35).
 */
#include "spin.h"
#include "panic.h"
#include "thread.h"

/* An object is smaller than a page and aligned: its first byte stands for it. */
static void touch(const void *object)
{
    (void)at_load((const u8 *)object);
}

static void push(struct waiters *w, struct thread *t)
{
    t->wait_next = NULL;
    if (w->head)
        w->tail->wait_next = t;
    else
        w->head = t;
    w->tail = t;
}

static struct thread *pop(struct waiters *w)
{
    struct thread *t = w->head;

    if (t)
        w->head = t->wait_next;
    return t;
}

static void withdraw(struct waiters *w, struct thread *t)
{
    struct thread *before = NULL;

    for (struct thread *i = w->head; i != t; i = i->wait_next)
        before = i;
    if (before)
        before->wait_next = t->wait_next;
    else
        w->head = t->wait_next;
    if (w->tail == t)
        w->tail = before;
}

static bool take(struct mutex *m, struct thread *me)
{
    if (m->owner && m->owner != me)
        return false;
    at_store(&m->owner, me);
    m->depth++;
    return true;
}

void mutex_lock(struct mutex *m)
{
    struct thread *me = thread_self();
    bool on;

    touch(m);
    on = irq_lock(&m->guard);
    if (take(m, me)) {
        irq_unlock(&m->guard, on);
        return;
    }
    push(&m->waiters, me);
    spin_put(&m->guard);
    while (at_load(&m->owner) != me)
        sched_park(NO_DEADLINE);
    karch_irq_restore(on);
}

bool mutex_trylock(struct mutex *m)
{
    bool taken, on;

    touch(m);
    on = irq_lock(&m->guard);
    taken = take(m, thread_self());
    irq_unlock(&m->guard, on);
    return taken;
}

void mutex_unlock(struct mutex *m)
{
    struct thread *next = NULL;
    bool on;

    touch(m);
    on = irq_lock(&m->guard);
    check(m->owner == thread_self());
    if (!--m->depth) {
        next = pop(&m->waiters);
        m->depth = next ? 1 : 0;
        at_store(&m->owner, next);
    }
    spin_put(&m->guard);
    if (next)
        sched_unpark(next);
    karch_irq_restore(on);
}

/* Waits until served or late; true if served. Interrupts off, `me` in the queue. */
static bool wait_served(struct cond *c, struct thread *me, u64 deadline_ns)
{
    while (at_load(&me->queued)) {
        if (deadline_ns != NO_DEADLINE && time_ns() >= deadline_ns) {
            bool late;

            spin_get(&c->guard);
            late = at_load(&me->queued);
            if (late)
                withdraw(&c->waiters, me);
            spin_put(&c->guard);
            return !late;
        }
        sched_park(deadline_ns);
    }
    return true;
}

bool cond_wait_until(struct cond *c, struct mutex *m, u64 deadline_ns)
{
    struct thread *me = thread_self();
    bool served, on;

    check(m->depth == 1);
    touch(c);
    on = irq_lock(&c->guard);
    push(&c->waiters, me);
    at_store(&me->queued, 1);
    spin_put(&c->guard);
    mutex_unlock(m);
    served = wait_served(c, me, deadline_ns);
    karch_irq_restore(on);
    mutex_lock(m);
    return served;
}

void cond_wait(struct cond *c, struct mutex *m)
{
    cond_wait_until(c, m, NO_DEADLINE);
}

/* The guard must be held. false if nobody waits. */
static bool serve_one(struct cond *c)
{
    struct thread *t = pop(&c->waiters);

    if (!t)
        return false;
    at_store_rel(&t->queued, 0);
    sched_unpark(t);
    return true;
}

void cond_signal(struct cond *c)
{
    bool on;

    touch(c);
    on = irq_lock(&c->guard);
    serve_one(c);
    irq_unlock(&c->guard, on);
}

void cond_broadcast(struct cond *c)
{
    bool on;

    touch(c);
    on = irq_lock(&c->guard);
    while (serve_one(c))
        ;
    irq_unlock(&c->guard, on);
}

void thread_sleep(u64 ns)
{
    u64 deadline = time_ns() + ns;

    while (time_ns() < deadline) {
        bool on = karch_irq_save();

        sched_park(deadline);
        karch_irq_restore(on);
    }
}
