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

#define GUARDS 32u

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

/*
 * Queues of waiters are guarded by locks that lie apart from the objects: whoever was handed a mutex, or served, may
 * take the object's memory back at once (POSIX, pthread_mutex_destroy()), so the hand-over is its last touch.
 */
static struct spin guards[GUARDS];

static struct spin *guard_of(const void *object)
{
    return &guards[((uintptr_t)object >> 4 ^ (uintptr_t)object >> 10) % GUARDS];
}

/*
 * Who owns a mutex is one word, so that one instruction takes or frees it while nobody waits. WAITED tells the owner
 * that somebody does: it is set under the guard by the first to wait; then only the guard's holder changes the word.
 *
 *           lock                      somebody is going to wait
 *     0 -----------> owner ------------------------------------------------> owner | WAITED
 *       <-----------   ^                                                       |        ^
 *          unlock      '---- unlock, the last waiter owns it now --------------+--------' unlock, others still wait
 */
#define WAITED 1u

static u64 word_of(const struct thread *t)
{
    return (u64)(uintptr_t)t;
}

static bool is_owner(u64 word, const struct thread *t)
{
    return (word & ~(u64)WAITED) == word_of(t);
}

/* m is free, or `me` holds it already: it is recursive. */
static inline bool take(struct mutex *m, const struct thread *me)
{
    u64 seen = 0;

    if (at_cas(&m->owner, &seen, word_of(me))) {
        m->depth = 1;
        return true;
    }
    if (!is_owner(seen, me))
        return false;
    m->depth++;
    return true;
}

/* Tells the owner that it is waited for; false if there is none by now, and m was taken. The guard is held. */
static bool say_waited(struct mutex *m, const struct thread *me)
{
    u64 seen = at_load(&m->owner);

    while (!(seen & WAITED))
        if (at_cas(&m->owner, &seen, seen ? seen | WAITED : word_of(me)))
            return seen;
    return true;
}

/* Waits until it owns m or is late; true if it does. Interrupts off, `me` in the queue. */
static bool wait_owned(struct mutex *m, struct thread *me, u64 deadline_ns)
{
    while (!is_owner(at_load_acq(&m->owner), me)) {
        if (deadline_ns != NO_DEADLINE && time_ns() >= deadline_ns) {
            struct spin *guard = guard_of(m);
            bool late;

            spin_get(guard);
            late = !is_owner(at_load(&m->owner), me);
            if (late)
                withdraw(&m->waiters, me);
            spin_put(guard);
            return !late;
        }
        sched_park(deadline_ns);
    }
    return true;
}

static off_path bool lock_late(struct mutex *m, struct thread *me, u64 deadline_ns)
{
    struct spin *guard = guard_of(m);
    bool on = irq_lock(guard), waits = say_waited(m, me), mine;

    if (waits)
        push(&m->waiters, me);
    spin_put(guard);
    mine = !waits || wait_owned(m, me, deadline_ns);
    if (mine)
        m->depth = 1;
    karch_irq_restore(on);
    return mine;
}

bool mutex_lock_until(struct mutex *m, u64 deadline_ns)
{
    struct thread *me = thread_self();

    return take(m, me) || lock_late(m, me, deadline_ns);
}

void mutex_lock(struct mutex *m)
{
    mutex_lock_until(m, NO_DEADLINE);
}

bool mutex_trylock(struct mutex *m)
{
    return take(m, thread_self());
}

bool mutex_mine(const struct mutex *m)
{
    return is_owner(at_load(&m->owner), thread_self());
}

static off_path void hand_on(struct mutex *m)
{
    struct spin *guard = guard_of(m);
    bool on = irq_lock(guard);
    struct thread *next = pop(&m->waiters);

    at_store_rel(&m->owner, word_of(next) | (m->waiters.head ? WAITED : 0));
    spin_put(guard);
    if (next) /* else those who waited became late */
        sched_unpark(next);
    karch_irq_restore(on);
}

void mutex_unlock(struct mutex *m)
{
    struct thread *me = thread_self();
    u64 seen = word_of(me);

    check(is_owner(at_load(&m->owner), me));
    if (!--m->depth && !at_cas(&m->owner, &seen, 0))
        hand_on(m);
}

/* Waits until served or late; true if served. Interrupts off, `me` in the queue. */
static bool wait_served(struct cond *c, struct thread *me, u64 deadline_ns)
{
    while (at_load(&me->queued)) {
        if (deadline_ns != NO_DEADLINE && time_ns() >= deadline_ns) {
            struct spin *guard = guard_of(c);
            bool late;

            spin_get(guard);
            late = at_load(&me->queued);
            if (late)
                withdraw(&c->waiters, me);
            spin_put(guard);
            return !late;
        }
        sched_park(deadline_ns);
    }
    return true;
}

bool cond_wait_until(struct cond *c, struct mutex *m, u64 deadline_ns)
{
    struct thread *me = thread_self();
    struct spin *guard = guard_of(c);
    bool served, on;

    check(m->depth == 1);
    touch(c);
    on = irq_lock(guard);
    push(&c->waiters, me);
    at_store(&me->queued, 1);
    spin_put(guard);
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
static bool serve_one(struct waiters *w)
{
    struct thread *t = pop(w);

    if (!t)
        return false;
    at_store_rel(&t->queued, 0);
    sched_unpark(t);
    return true;
}

void cond_signal(struct cond *c)
{
    struct spin *guard = guard_of(c);
    bool on;

    touch(c);
    on = irq_lock(guard);
    serve_one(&c->waiters);
    irq_unlock(guard, on);
}

void cond_broadcast(struct cond *c)
{
    struct spin *guard = guard_of(c);
    struct waiters all;
    bool on;

    touch(c);
    on = irq_lock(guard);
    all = c->waiters;
    c->waiters.head = NULL;
    while (serve_one(&all))
        ;
    irq_unlock(guard, on);
}

void thread_sleep(u64 ns)
{
    u64 start = time_ns(), deadline = ns < NO_DEADLINE - start ? start + ns : NO_DEADLINE;

    while (time_ns() < deadline) {
        bool on = karch_irq_save();

        sched_park(deadline);
        karch_irq_restore(on);
    }
}
