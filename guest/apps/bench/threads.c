/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c: what threads cost each other: a switch, a lock that is free, one that is handed over, a whole life.
 *
 * Two threads on one CPU take turns; each reads the counter when its turn begins, so that the difference to the other's
 * last reading is what lies between.
 */
#include "measure.h"

#define TURNS 500

static struct mutex mutex;
static u32 left_at;
static volatile bool stop;
static s32 sample[TURNS];

/* One instruction, but it needs the registers that a switch may leave for later. */
static void compute(void)
{
    __asm__ volatile("addsd %%xmm0, %%xmm0" : : : "xmm0");
}

static void no_work(void)
{
}

/* The other only takes note of the time. */
static void yielder(void *work)
{
    while (!stop) {
        left_at = ticks();
        ((void (*)(void))work)();
        thread_yield();
    }
}

/* From one thread's yield until the other goes on; both do so much work in a turn. */
static bool context_switch(const char *name, void (*work)(void))
{
    struct thread *t;

    stop = false;
    t = thread_create(yielder, (void *)work);
    if (!t)
        return false;
    thread_yield();
    for (unsigned i = 0; i < TURNS; i++) {
        work();
        thread_yield();
        work();
        sample[i] = (s32)(ticks() - left_at) - TIMED((void)0);
    }
    stop = true;
    thread_join(t);
    figure_median(name, sample, TURNS);
    return true;
}

static void uncontended(void)
{
    MEASURE("mutex_free", sample, TURNS, (void)0, (mutex_lock(&mutex), mutex_unlock(&mutex)));
}

/* Who unlocks hands over to the one who waits, and waits for its own next turn. */
static void other_holder(void *unused)
{
    (void)unused;
    mutex_lock(&mutex);
    while (!stop) {
        left_at = ticks();
        mutex_unlock(&mutex);
        mutex_lock(&mutex);
    }
    mutex_unlock(&mutex);
}

static bool handover(void)
{
    struct thread *t;

    stop = false;
    t = thread_create(other_holder, NULL);
    if (!t)
        return false;
    mutex_lock(&mutex);
    thread_yield(); /* now the other waits */
    for (unsigned i = 0; i < TURNS; i++) {
        mutex_unlock(&mutex);
        mutex_lock(&mutex);
        sample[i] = (s32)(ticks() - left_at) - TIMED((void)0);
    }
    stop = true;
    mutex_unlock(&mutex);
    thread_join(t);
    figure_median("mutex_handover", sample, TURNS);
    return true;
}

static void nothing(void *unused)
{
    (void)unused;
}

static bool life(void)
{
    for (unsigned i = 0; i < TURNS; i++) {
        u32 start = ticks();
        struct thread *t = thread_create(nothing, NULL);

        if (!t)
            return false;
        thread_join(t);
        sample[i] = (s32)(ticks() - start) - TIMED((void)0);
    }
    figure_median("thread_create_join", sample, TURNS);
    return true;
}

bool bench_threads(void)
{
    uncontended();
    return context_switch("context_switch", no_work) && context_switch("context_switch_sse", compute) &&
           handover() && life();
}
