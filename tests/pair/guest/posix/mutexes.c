/* SPDX-License-Identifier: BSD-2-Clause */
/* mutexes.c: the kinds of mutexes, spin locks, and what is done once. */
#include "posix.h"
#include "lib/atomic.h"
#include <errno.h>

#define THREADS 4
#define TIMES   2000

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_mutex_t checking = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static pthread_spinlock_t spin;
static unsigned by_mutex, by_spin, onces;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *count(void *arg)
{
    for (unsigned i = 0; i < TIMES; i++) {
        pthread_mutex_lock(&normal);
        by_mutex++;
        pthread_mutex_unlock(&normal);
        pthread_spin_lock(&spin);
        by_spin++;
        pthread_spin_unlock(&spin);
    }
    return arg;
}

static void only_once(void)
{
    sched_yield();
    onces++;
}

static void *do_once(void *arg)
{
    pthread_once(&once, only_once);
    return (void *)(long)onces;
    (void)arg;
}

/* What another thread gets from a mutex that the caller holds. */
static void *try_it(void *m)
{
    return (void *)(long)pthread_mutex_trylock(m);
}

static void *unlock_it(void *m)
{
    return (void *)(long)pthread_mutex_unlock(m);
}

static void *wait_for_it(void *m)
{
    struct timespec until = soon(CLOCK_REALTIME, 5);

    return (void *)(long)pthread_mutex_timedlock(m, &until);
}

static void *wait_long(void *m)
{
    struct timespec until = soon(CLOCK_MONOTONIC, 100000);
    long error = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &until);

    pthread_mutex_unlock(m);
    return (void *)error;
}

static long ask(void *(*how)(void *), pthread_mutex_t *m)
{
    return (long)end(begin(how, m));
}

static void kinds(void)
{
    struct timespec until;

    ok(pthread_mutex_lock(&normal) == 0);
    ok(pthread_mutex_trylock(&normal) == EBUSY);
    ok(ask(try_it, &normal) == EBUSY);
    ok(ask(unlock_it, &normal) == EPERM);
    ok(pthread_mutex_destroy(&normal) == EBUSY);
    until = soon(CLOCK_REALTIME, 5);
    ok(pthread_mutex_timedlock(&normal, &until) == ETIMEDOUT);
    ok(ask(wait_for_it, &normal) == ETIMEDOUT);
    ok(pthread_mutex_unlock(&normal) == 0);
    ok(pthread_mutex_unlock(&normal) == EPERM);

    ok(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
    ok(pthread_mutex_trylock(&recursive) == 0);
    ok(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
    ok(ask(try_it, &recursive) == EBUSY);
    ok(pthread_mutex_unlock(&recursive) == 0);
    ok(pthread_mutex_unlock(&recursive) == EPERM);

    ok(pthread_mutex_lock(&checking) == 0);
    ok(pthread_mutex_lock(&checking) == EDEADLK);
    until.tv_nsec = -1;
    ok(ask(wait_for_it, &checking) == ETIMEDOUT);
    ok(pthread_mutex_unlock(&checking) == 0);
    ok(pthread_mutex_timedlock(&checking, &until) == 0); /* free: the time is not looked at */
    ok(pthread_mutex_unlock(&checking) == 0);
}

static void attributes(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    int type;

    pthread_mutexattr_init(&a);
    ok(pthread_mutexattr_gettype(&a, &type) == 0 && type == PTHREAD_MUTEX_DEFAULT);
    ok(pthread_mutexattr_settype(&a, 17) == EINVAL);
    ok(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE) == 0);
    ok(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == ENOTSUP);
    ok(pthread_mutex_init(&m, &a) == 0);
    ok(pthread_mutex_lock(&m) == 0 && pthread_mutex_lock(&m) == 0);
    ok(pthread_mutex_unlock(&m) == 0 && pthread_mutex_unlock(&m) == 0);
    ok(pthread_mutex_destroy(&m) == 0);
}

/* A waiter with a deadline is served in its turn all the same. */
static void handed_over(void)
{
    pthread_t t;

    pthread_mutex_lock(&normal);
    t = begin(wait_long, &normal);
    sched_yield();
    pthread_mutex_unlock(&normal);
    ok(end(t) == 0);
}

void test_mutexes(void)
{
    pthread_t t[THREADS];
    long least = 1;

    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    for (int i = 0; i < THREADS; i++)
        t[i] = begin(count, NULL);
    for (int i = 0; i < THREADS; i++)
        end(t[i]);
    ok(by_mutex == THREADS * TIMES);
    ok(by_spin == THREADS * TIMES);
    ok(pthread_spin_lock(&spin) == 0 && pthread_spin_trylock(&spin) == EBUSY &&
       pthread_spin_unlock(&spin) == 0);
    kinds();
    attributes();
    handed_over();
    for (int i = 0; i < THREADS; i++)
        t[i] = begin(do_once, NULL);
    for (int i = 0; i < THREADS; i++)
        least = (long)end(t[i]) == 1 ? least : 0;
    ok(least == 1 && onces == 1); /* nobody comes back before it is done */
}
