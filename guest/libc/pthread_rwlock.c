/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_rwlock.c: reader-writer locks that nobody starves at.
 *
 * A reader waits while a writer holds the lock or waits for it; a writer that lets go lets all readers in that wait by
 * then, and only behind them comes the next writer. The one who lets go counts them in, and ends their phase.
 */
#include "deadline.h"
#include "lib/atomic.h"
#include <errno.h>
#include <pthread.h>

struct __attribute__((may_alias)) rwlock {
    struct mutex guard;
    struct cond read, write;
    u32 readers; /* that hold it */
    u32 readers_waiting, writers_waiting;
    u32 phase;
    struct thread *writer; /* that holds it */
};

_Static_assert(sizeof(struct rwlock) <= sizeof(pthread_rwlock_t), "pthread_rwlock_t");

static struct rwlock *rwlock_of(pthread_rwlock_t *l)
{
    return (struct rwlock *)l;
}

int pthread_rwlock_init(pthread_rwlock_t *l, const pthread_rwlockattr_t *attr)
{
    (void)attr;
    *rwlock_of(l) = (struct rwlock){.readers = 0};
    return 0;
}

int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    struct rwlock *rw = rwlock_of(l);

    return at_load(&rw->readers) || at_load(&rw->writer) ? EBUSY : 0;
}

/* The guard is held here and below. */
static void admit_readers(struct rwlock *rw)
{
    rw->readers += rw->readers_waiting;
    rw->readers_waiting = 0;
    rw->phase++;
    cond_broadcast(&rw->read);
}

static int wait_to_read(struct rwlock *rw, u64 deadline_ns)
{
    u32 phase = rw->phase;

    rw->readers_waiting++;
    while (rw->phase == phase)
        if (!cond_wait_until(&rw->read, &rw->guard, deadline_ns) && rw->phase == phase) {
            rw->readers_waiting--;
            return ETIMEDOUT;
        }
    return 0;
}

/* One who gives up may have been all that kept readers out. */
static int wait_to_write(struct rwlock *rw, u64 deadline_ns)
{
    int error = 0;

    rw->writers_waiting++;
    while (!error && (rw->writer || rw->readers))
        if (!cond_wait_until(&rw->write, &rw->guard, deadline_ns) && (rw->writer || rw->readers))
            error = ETIMEDOUT;
    rw->writers_waiting--;
    if (!error)
        rw->writer = thread_self();
    else if (!rw->writers_waiting && !rw->writer)
        admit_readers(rw);
    return error;
}

/* `until` is looked at only if one has to wait; without it the wait has no end. */
static int when(const struct timespec *until, u64 *deadline_ns)
{
    *deadline_ns = NO_DEADLINE;
    return until ? deadline_of(CLOCK_REALTIME, until, deadline_ns) : 0;
}

static int lock_read(pthread_rwlock_t *l, const struct timespec *until, bool may_wait)
{
    struct rwlock *rw = rwlock_of(l);
    u64 deadline;
    int error = 0;

    mutex_lock(&rw->guard);
    if (!rw->writer && !rw->writers_waiting)
        rw->readers++;
    else if (!may_wait)
        error = EBUSY;
    else if (rw->writer == thread_self())
        error = EDEADLK;
    else if (!(error = when(until, &deadline)))
        error = wait_to_read(rw, deadline);
    mutex_unlock(&rw->guard);
    return error;
}

static int lock_write(pthread_rwlock_t *l, const struct timespec *until, bool may_wait)
{
    struct rwlock *rw = rwlock_of(l);
    u64 deadline;
    int error = 0;

    mutex_lock(&rw->guard);
    if (!rw->writer && !rw->readers)
        rw->writer = thread_self();
    else if (!may_wait)
        error = EBUSY;
    else if (rw->writer == thread_self())
        error = EDEADLK;
    else if (!(error = when(until, &deadline)))
        error = wait_to_write(rw, deadline);
    mutex_unlock(&rw->guard);
    return error;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
    return lock_read(l, NULL, true);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
    return lock_read(l, NULL, false);
}

int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *until)
{
    return lock_read(l, until, true);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
    return lock_write(l, NULL, true);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
    return lock_write(l, NULL, false);
}

int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *until)
{
    return lock_write(l, until, true);
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    struct rwlock *rw = rwlock_of(l);
    int error = 0;

    mutex_lock(&rw->guard);
    if (rw->writer == thread_self()) {
        rw->writer = NULL;
        if (rw->readers_waiting)
            admit_readers(rw);
        else
            cond_signal(&rw->write);
    } else if (!rw->readers) {
        error = EPERM;
    } else if (!--rw->readers) {
        cond_signal(&rw->write);
    }
    mutex_unlock(&rw->guard);
    return error;
}
