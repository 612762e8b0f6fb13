/* SPDX-License-Identifier: BSD-2-Clause */
/* conditions.c: condition variables and barriers. */
#include "posix.h"
#include "lib/atomic.h"
#include <errno.h>

#define THREADS 6
#define ROUNDS  200

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static unsigned waiting, go, through;
static pthread_barrier_t barrier;
static unsigned round_of[THREADS], serial, torn;

static void *wait_go(void *arg)
{
    pthread_mutex_lock(&mutex);
    at_add(&waiting, 1);
    while (!go)
        pthread_cond_wait(&cond, &mutex);
    go--;
    through++;
    pthread_mutex_unlock(&mutex);
    return arg;
}

/* The lock is taken after all wait, since they hold it until then. */
static void release(unsigned n, int (*how)(pthread_cond_t *))
{
    await(&waiting, n);
    pthread_mutex_lock(&mutex);
    go = n;
    how(&cond);
    pthread_mutex_unlock(&mutex);
}

static void wake(void)
{
    pthread_t t[THREADS];

    t[0] = begin(wait_go, NULL);
    release(1, pthread_cond_signal);
    end(t[0]);
    ok(through == 1);
    at_store(&waiting, 0);
    for (int i = 0; i < THREADS; i++)
        t[i] = begin(wait_go, NULL);
    release(THREADS, pthread_cond_broadcast);
    for (int i = 0; i < THREADS; i++)
        end(t[i]);
    ok(through == 1 + THREADS && go == 0);
}

static void *lock_recursive(void *arg)
{
    pthread_mutex_lock(&recursive);
    *(bool *)arg = true;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&recursive);
    return NULL;
}

static void timed(void)
{
    struct timespec until = soon(CLOCK_REALTIME, 3), now, bad = {.tv_nsec = 1000000000};
    pthread_condattr_t a;
    pthread_cond_t c;
    clockid_t clock;

    pthread_mutex_lock(&mutex);
    ok(pthread_cond_timedwait(&cond, &mutex, &until) == ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &now);
    ok(now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
    ok(pthread_cond_timedwait(&cond, &mutex, &bad) == EINVAL);
    pthread_condattr_init(&a);
    ok(pthread_condattr_getclock(&a, &clock) == 0 && clock == CLOCK_REALTIME);
    ok(pthread_condattr_setclock(&a, CLOCK_MONOTONIC) == 0);
    ok(pthread_condattr_setclock(&a, 99) == EINVAL);
    ok(pthread_cond_init(&c, &a) == 0);
    until = soon(CLOCK_MONOTONIC, 3);
    ok(pthread_cond_timedwait(&c, &mutex, &until) == ETIMEDOUT);
    clock_gettime(CLOCK_MONOTONIC, &now);
    ok(now.tv_sec > until.tv_sec || (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
    ok(pthread_cond_destroy(&c) == 0);
    pthread_mutex_unlock(&mutex);
    ok(pthread_cond_wait(&cond, &mutex) == EPERM);
}

/* One that is held twice is given up altogether. */
static void held_twice(void)
{
    bool seen = false;
    pthread_t t;

    pthread_mutex_lock(&recursive);
    pthread_mutex_lock(&recursive);
    t = begin(lock_recursive, &seen);
    while (!seen)
        pthread_cond_wait(&cond, &recursive);
    ok(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
    ok(pthread_mutex_unlock(&recursive) == EPERM);
    end(t);
}

static void *rounds(void *arg)
{
    unsigned me = (unsigned)(long)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        at_store(&round_of[me], i);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            at_add(&serial, 1);
        for (unsigned j = 0; j < THREADS; j++)
            if (at_load(&round_of[j]) < i)
                at_add(&torn, 1);
    }
    return NULL;
}

void test_conditions(void)
{
    pthread_t t[THREADS];

    wake();
    timed();
    held_twice();
    ok(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
    ok(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    for (int i = 0; i < THREADS; i++)
        t[i] = begin(rounds, (void *)(long)i);
    for (int i = 0; i < THREADS; i++)
        end(t[i]);
    ok(serial == ROUNDS && torn == 0);
    ok(pthread_barrier_destroy(&barrier) == 0);
}
