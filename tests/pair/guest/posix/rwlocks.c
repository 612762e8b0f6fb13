/* SPDX-License-Identifier: BSD-2-Clause */
/* rwlocks.c: reader-writer locks: who may be in together, and that nobody is kept out for ever. */
#include "posix.h"
#include "lib/atomic.h"
#include <errno.h>

#define READERS 4
#define WRITES  100

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static unsigned inside, writers_in, wrong, stop, written;

static void *read_on(void *arg)
{
    while (!at_load(&stop)) {
        pthread_rwlock_rdlock(&lock);
        at_add(&inside, 1);
        if (at_load(&writers_in))
            at_add(&wrong, 1);
        sched_yield();
        at_sub(&inside, 1);
        pthread_rwlock_unlock(&lock);
    }
    return arg;
}

static void *write_on(void *arg)
{
    for (unsigned i = 0; i < WRITES; i++) {
        pthread_rwlock_wrlock(&lock);
        if (at_add(&writers_in, 1) != 1 || at_load(&inside))
            at_add(&wrong, 1);
        written++;
        sched_yield();
        at_sub(&writers_in, 1);
        pthread_rwlock_unlock(&lock);
    }
    return arg;
}

static void *try_read(void *arg)
{
    long error = pthread_rwlock_tryrdlock(&lock);

    (void)arg;
    if (!error)
        pthread_rwlock_unlock(&lock);
    return (void *)error;
}

static void *try_write(void *arg)
{
    struct timespec until = soon(CLOCK_REALTIME, 3);
    long error = pthread_rwlock_timedwrlock(&lock, &until);

    (void)arg;
    if (!error)
        pthread_rwlock_unlock(&lock);
    return (void *)error;
}

static void *write_once(void *arg)
{
    at_add(&inside, 1);
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
    return arg;
}

static void *read_once(void *arg)
{
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_unlock(&lock);
    return arg;
}

static long ask(void *(*how)(void *))
{
    return (long)end(begin(how, NULL));
}

static void *write_or_give_up(void *arg)
{
    struct timespec until = soon(CLOCK_REALTIME, 200);

    (void)arg;
    return (void *)(long)pthread_rwlock_timedwrlock(&lock, &until);
}

/* A reader that waits behind a writer who gives up goes in to the reader that holds the lock, who is main(). */
static void give_up(void)
{
    pthread_t writer = begin(write_or_give_up, NULL), reader;

    while (ask(try_read) == 0)
        ;
    reader = begin(read_once, NULL);
    ok((long)end(writer) == ETIMEDOUT);
    ok(end(reader) == NULL);
}

/* A writer that waits keeps new readers out; one that gives up lets them in again. */
static void preference(void)
{
    pthread_t writer, reader;

    pthread_rwlock_rdlock(&lock);
    at_store(&inside, 0);
    writer = begin(write_once, NULL);
    await(&inside, 1);
    while (ask(try_read) == 0)
        ;
    ok(ask(try_read) == EBUSY);
    reader = begin(read_once, NULL);
    pthread_rwlock_unlock(&lock);
    end(writer);
    end(reader);
    ok(ask(try_read) == 0);
    pthread_rwlock_rdlock(&lock);
    ok(ask(try_write) == ETIMEDOUT);
    ok(ask(try_read) == 0);
    give_up();
    pthread_rwlock_unlock(&lock);
    ok(ask(try_write) == 0);
    at_store(&inside, 0);
}

void test_rwlocks(void)
{
    pthread_t t[READERS + 2];

    ok(pthread_rwlock_rdlock(&lock) == 0 && pthread_rwlock_rdlock(&lock) == 0);
    ok(ask(try_read) == 0);
    ok(ask(try_write) == ETIMEDOUT);
    ok(pthread_rwlock_trywrlock(&lock) == EBUSY);
    ok(pthread_rwlock_unlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
    ok(pthread_rwlock_unlock(&lock) == EPERM);
    ok(pthread_rwlock_wrlock(&lock) == 0);
    ok(pthread_rwlock_wrlock(&lock) == EDEADLK && pthread_rwlock_rdlock(&lock) == EDEADLK);
    ok(ask(try_read) == EBUSY);
    ok(pthread_rwlock_destroy(&lock) == EBUSY);
    ok(pthread_rwlock_unlock(&lock) == 0);
    preference();
    for (int i = 0; i < READERS; i++)
        t[i] = begin(read_on, NULL);
    for (int i = 0; i < 2; i++)
        t[READERS + i] = begin(write_on, NULL);
    for (int i = 0; i < 2; i++)
        end(t[READERS + i]); /* though readers never leave the lock alone */
    at_store(&stop, 1);
    for (int i = 0; i < READERS; i++)
        end(t[i]);
    ok(wrong == 0 && written == 2 * WRITES);
    ok(pthread_rwlock_destroy(&lock) == 0);
}
