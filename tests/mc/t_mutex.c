/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_mutex.c: the guest's mutex: one inside, nobody forgotten, whoever comes, waits or gives up at the same time.
 *
 * Each thread of the guest has a CPU of its own. Whoever is never woken is a deadlock.
 */
#include "sync.c"
#include "mc.h"

#define THREADS  3u
#define DEADLINE 1u

static struct thread threads[THREADS];
static struct mutex mutex;
static u32 word, permit[THREADS];
static bool in_section;

void panic(const char *fmt, ...)
{
    mc_stop(fmt);
}

struct thread *thread_self(void)
{
    return &threads[mc_self()];
}

bool karch_irq_save(void)
{
    return false;
}

void karch_irq_restore(bool were_on)
{
    (void)were_on;
}

/* Only who waits with a deadline asks: it may have passed, or not yet. */
u64 time_ns(void)
{
    return mc_choose(2) * 2 * DEADLINE;
}

void spin_get_late(struct spin *l)
{
    while (at_load(&l->held) || at_xchg(&l->held, 1))
        at_relax();
}

/* As sched.c promises: a permit ends it, or the deadline, whose passing is found out by time_ns(). */
void sched_park(u64 deadline_ns)
{
    while (!at_xchg(&permit[mc_self()], 0) && deadline_ns == NO_DEADLINE)
        at_relax();
}

void sched_unpark(struct thread *t)
{
    at_xchg(&permit[t - threads], 1);
}

/* A section that would lose an update, and says so, if another thread were in it. */
static void add_one(void)
{
    mc_check(!in_section && mutex_mine(&mutex), "two threads are inside");
    in_section = true;
    at_store(&word, at_load(&word) + 1);
    in_section = false;
}

static void locker(void *unused)
{
    (void)unused;
    mutex_lock(&mutex);
    add_one();
    mutex_unlock(&mutex);
}

static void impatient(void *unused)
{
    (void)unused;
    if (mutex_lock_until(&mutex, DEADLINE))
        add_one();
    else
        return;
    mutex_unlock(&mutex);
}

static void clear(void)
{
    mutex = (struct mutex){0};
    for (unsigned i = 0; i < GUARDS; i++)
        guards[i] = (struct spin){0};
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){0};
        permit[i] = 0;
    }
    word = 0;
    in_section = false;
}

static void setup(void)
{
    clear();
    mc_thread("a", locker, NULL);
    mc_thread("b", locker, NULL);
    mc_thread("c", locker, NULL);
}

static void setup_impatient(void)
{
    clear();
    mc_thread("a", locker, NULL);
    mc_thread("b", impatient, NULL);
    mc_thread("c", locker, NULL);
}

static void all_were_inside(void)
{
    mc_check(word == 3, "an update is lost");
    mc_check(!mutex.owner && !mutex.waiters.head, "the mutex is left held");
}

static void all_left(void)
{
    mc_check(word == 2 || word == 3, "an update is lost");
    mc_check(!mutex.owner && !mutex.waiters.head, "the mutex is left held");
}

int main(void)
{
    const struct mc_model three = {.setup = setup, .final = all_were_inside};
    const struct mc_model three_pso = {.setup = setup, .final = all_were_inside, .pso = true};
    const struct mc_model gives_up = {.setup = setup_impatient, .final = all_left};

    mc_holds("mutex: three threads, one inside, none stuck", &three, NULL);
    mc_holds("mutex: handing over is a release", &three_pso, NULL);
    mc_holds("mutex: one that waits becomes late", &gives_up, NULL);
    mc_fails("mutex: taken without the lock prefix", &three, MC_MUTANTS({"take", MC_CAS, 1, MC_PLAIN}), "");
    mc_fails("mutex: the owner is told that somebody waits without the lock prefix", &three,
             MC_MUTANTS({"say_waited", MC_CAS, 1, MC_PLAIN}), "");
    mc_fails("mutex: freed without the lock prefix", &three,
             MC_MUTANTS({"mutex_unlock", MC_CAS, 1, MC_PLAIN}), "");
    mc_fails("mutex: not handed on", &three, MC_MUTANTS({"hand_on", MC_STORE_REL, 1, MC_DROP}), "deadlock");
    return mc_end();
}
