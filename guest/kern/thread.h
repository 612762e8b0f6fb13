/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * thread.h: threads and the scheduler, as the kernel sees them.
 *
 * Waiting is built on one pair: sched_park() blocks the caller unless it holds a permit, which it uses up; and
 * sched_unpark() makes a parked thread runnable, or leaves it a permit. A permit may be left over from a wait that
 * ended otherwise, so whoever parks does it in a loop around its own condition.
 */
#pragma once
#include "guest.h"
#include "percpu.h"
#include "stack.h"

enum thread_state { THREAD_FREE, THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_PARKED, THREAD_DEAD };

#define THREAD_FPU_SIZE 512

struct thread {
    void *sp;                /* while not running; offset known to the machine's assembly */
    void *tls;               /* likewise: the thread pointer; NULL for those that run no program */
    enum thread_state state; /* this and the next five: under the scheduler's lock */
    bool permit;
    bool detached;             /* nobody will join it; likewise */
    struct thread *run_next;   /* in the run queue */
    struct thread *sleep_next; /* in a CPU's sleepers */
    struct percpu *sleep_cpu;  /* whose sleepers; NULL if not sleeping */
    u64 wake_ns;
    u32 preempt_off;          /* only the thread itself */
    u32 queued;               /* sync.c: in the waiters of a condition */
    struct thread *wait_next; /* sync.c: in the waiters of a mutex or condition */
    struct thread *joiner;
    void (*fn)(void *);
    void *arg;
    struct stack stack;
    char name[THREAD_NAME_MAX];
    u8 fpu[THREAD_FPU_SIZE] __attribute__((aligned(64))); /* offset known to the machine's assembly */
};

/* ---- sched.c: all with interrupts off ---- */

void sched_enqueue_new(struct thread *t);
/* Blocks the caller until unparked or until the deadline. */
void sched_park(u64 deadline_ns);
void sched_unpark(struct thread *t);
/* May what runs on c, the calling CPU, be descheduled (A4-30)? */
static inline bool sched_may_park(const struct percpu *c)
{
    return c->current != c->idle && !c->current->preempt_off;
}
/* The caller is over: wakes its joiner, or lies among the ended if it is detached, and never returns. */
_Noreturn void sched_exit(void);
/* Is t over? If not, the caller will be unparked when it is. */
bool sched_join_poll(struct thread *t);
/* Nobody will join t: when it is over, or now if it is, it lies among the ended. */
void sched_detach(struct thread *t);
/* One of the ended, NULL if there is none: it does not run any more, on no CPU. Any context. */
struct thread *sched_take_ended(void);
/* First thing a new thread does: it inherits the scheduler's lock from the thread that switched to it. */
void sched_begin(void);
/* What a CPU does when it has nothing to do; the caller becomes the CPU's idle thread. */
_Noreturn void sched_idle(void);

/* ---- thread.c ---- */

/* The context that runs now, on c, becomes the first thread; c gets an idle thread. */
void thread_adopt_first(struct percpu *c);
/* The top of a new stack for that CPU's idle thread; NULL if memory is out. Never given back. */
void *thread_idle_stack(unsigned cpu);
/* The context that runs now becomes c's idle thread. */
void thread_adopt_idle(struct percpu *c);
/* The thread, not an idle one, below whose stack addr lies in the guard pages; NULL if it does not. */
struct thread *thread_guarded(u64 addr);
