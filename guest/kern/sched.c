/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c: share the CPUs among the threads: one queue, first come first served, a tick ends a slice.
 *
 * The lock is held across the switch and dropped by the thread that is switched to, so that nobody can run a thread
 * whose registers are not saved yet. Programming the timer and sending interrupts leave the VM, perhaps for long, while
 * other CPUs spin: so both wait in the CPU's own data until unlock(). And the timer is left running through switches:
 * a tick that comes too early does no harm.
 */
#include "thread.h"
#include "clock.h"
#include "ipi.h"
#include "irq.h"
#include "panic.h"
#include "percpu.h"
#include "spin.h"

#define SLICE_NS 10000000ull

static struct {
    struct spin lock;
    u32 idle; /* bit n: CPU n waits for an interrupt, or is about to, and has seen the queue empty */
    struct thread *head, *tail;
    struct thread *ended; /* detached ones, through run_next */
} sched;

static void enqueue(struct thread *t)
{
    t->state = THREAD_READY;
    t->run_next = NULL;
    if (sched.head)
        sched.tail->run_next = t;
    else
        sched.head = t;
    sched.tail = t;
}

static struct thread *dequeue(void)
{
    struct thread *t = sched.head;

    if (t)
        sched.head = t->run_next;
    return t;
}

/* Something was queued. If this CPU idles it will look at the queue itself; else another one that idles must. */
static void wake_idle(struct percpu *c)
{
    u32 lowest = sched.idle & -sched.idle;

    if (sched.idle & BIT(c->id))
        return;
    sched.idle &= ~lowest;
    c->kick |= lowest;
}

static void timer_at(struct percpu *c, u64 when_ns)
{
    if (when_ns >= c->timer_ns)
        return;
    c->timer_ns = when_ns;
    c->timer_stale = true;
}

static __attribute__((noinline)) void leave_vm(struct percpu *c)
{
    ipi_send(c->kick, KIRQ_RESCHED);
    c->kick = 0;
    if (c->timer_stale) {
        u64 now = time_ns();

        c->timer_stale = false;
        karch_timer_arm(clock_ticks(MAX(c->timer_ns, now) - now));
    }
}

static void unlock(void)
{
    struct percpu *c = karch_cpu();

    spin_put(&sched.lock);
    if (c->kick || c->timer_stale)
        leave_vm(c);
}

/* c runs the next thread, or the idle thread. Returns, with the lock held, when it is `me`'s turn again, on any CPU. */
static void switch_from(struct percpu *c, struct thread *me)
{
    struct thread *next = dequeue();

    if (!next)
        next = c->idle;
    next->state = THREAD_RUNNING;
    if (next == me)
        return;
    if (c->timer_ns == TIMER_OFF && next != c->idle)
        timer_at(c, time_ns() + SLICE_NS);
    c->current = next;
    karch_switch(me, next);
}

static void sleep_insert(struct percpu *c, struct thread *t, u64 wake_ns)
{
    struct thread **at = &c->sleepers;

    while (*at && (*at)->wake_ns <= wake_ns)
        at = &(*at)->sleep_next;
    t->wake_ns = wake_ns;
    t->sleep_cpu = c;
    t->sleep_next = *at;
    *at = t;
}

static void sleep_remove(struct thread *t)
{
    struct thread **at = &t->sleep_cpu->sleepers;

    while (*at != t)
        at = &(*at)->sleep_next;
    *at = t->sleep_next;
    t->sleep_cpu = NULL;
}

void sched_enqueue_new(struct thread *t)
{
    spin_get(&sched.lock);
    enqueue(t);
    wake_idle(karch_cpu());
    unlock();
}

void sched_park(u64 deadline_ns)
{
    struct percpu *c = karch_cpu();
    struct thread *me = c->current;

    check(me != c->idle);
    spin_get(&sched.lock);
    if (!me->permit) {
        if (deadline_ns != NO_DEADLINE) {
            sleep_insert(c, me, deadline_ns);
            timer_at(c, deadline_ns);
        }
        me->state = THREAD_PARKED;
        switch_from(c, me);
    }
    me->permit = false;
    unlock();
}

static void unpark(struct thread *t)
{
    if (t->state != THREAD_PARKED) {
        t->permit = true;
        return;
    }
    if (t->sleep_cpu)
        sleep_remove(t);
    enqueue(t);
    wake_idle(karch_cpu());
}

void sched_unpark(struct thread *t)
{
    spin_get(&sched.lock);
    unpark(t);
    unlock();
}

static void lay_among_ended(struct thread *t)
{
    t->run_next = sched.ended;
    at_store(&sched.ended, t);
}

void sched_exit(void)
{
    struct thread *me = karch_thread();

    spin_get(&sched.lock);
    me->state = THREAD_DEAD;
    if (me->detached)
        lay_among_ended(me);
    if (me->joiner)
        unpark(me->joiner);
    switch_from(karch_cpu(), me);
    panic("a thread that had ended was run again");
}

bool sched_join_poll(struct thread *t)
{
    bool over;

    spin_get(&sched.lock);
    over = t->state == THREAD_DEAD;
    t->joiner = karch_thread();
    unlock();
    return over;
}

void sched_detach(struct thread *t)
{
    spin_get(&sched.lock);
    check(!t->detached && !t->joiner);
    t->detached = true;
    if (t->state == THREAD_DEAD)
        lay_among_ended(t);
    unlock();
}

struct thread *sched_take_ended(void)
{
    struct thread *t;
    bool on;

    if (!at_load(&sched.ended))
        return NULL;
    on = karch_irq_save();
    spin_get(&sched.lock);
    t = sched.ended;
    if (t)
        at_store(&sched.ended, t->run_next);
    unlock();
    karch_irq_restore(on);
    return t;
}

void sched_begin(void)
{
    unlock();
}

static void give_way(struct percpu *c)
{
    struct thread *me = c->current;

    spin_get(&sched.lock);
    enqueue(me);
    switch_from(c, me);
    unlock();
}

void thread_yield(void)
{
    bool on = karch_irq_save();

    give_way(karch_cpu());
    karch_irq_restore(on);
}

void irq_exit(void)
{
    struct percpu *c = karch_cpu();

    if (!c->resched || !sched_may_park(c))
        return;
    c->resched = false;
    give_way(c);
}

void irq_timer(void)
{
    struct percpu *c = karch_cpu();
    u64 now = time_ns();

    spin_get(&sched.lock);
    c->timer_ns = TIMER_OFF;
    while (c->sleepers && c->sleepers->wake_ns <= now) {
        struct thread *t = c->sleepers;

        sleep_remove(t);
        enqueue(t);
        wake_idle(c);
    }
    if (c->current != c->idle) {
        c->resched = sched.head != NULL;
        timer_at(c, now + SLICE_NS);
    }
    if (c->sleepers)
        timer_at(c, c->sleepers->wake_ns);
    unlock();
}

/* The sender put something into the queue; the idle loop looks there as soon as it is back. */
void irq_resched(void)
{
}

void preempt_disable(void)
{
    struct thread *me = thread_self();

    at_store(&me->preempt_off, me->preempt_off + 1);
}

void preempt_enable(void)
{
    struct thread *me = thread_self();
    bool on = karch_irq_save();

    at_store(&me->preempt_off, me->preempt_off - 1);
    if (on)
        irq_exit();
    karch_irq_restore(on);
}

void sched_idle(void)
{
    struct thread *me = karch_thread();

    for (;;) {
        struct percpu *c = karch_cpu();

        spin_get(&sched.lock);
        if (sched.head) {
            sched.idle &= ~(u32)BIT(c->id);
            switch_from(c, me);
            unlock();
            continue;
        }
        sched.idle |= (u32)BIT(c->id);
        unlock();
        karch_wait();
    }
}
