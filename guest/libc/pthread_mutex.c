/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_mutex.c: mutexes: the kernel's, and what each type makes of a thread that locks twice. */
#include "pthread_mutex.h"
#include "deadline.h"
#include "lib/atomic.h"
#include <errno.h>

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    *pmutex_of(m) = (struct pmutex){.type = attr ? attr->__type : PTHREAD_MUTEX_DEFAULT};
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return at_load(&pmutex_of(m)->mutex.owner) ? EBUSY : 0;
}

/* One that its owner locks again; a normal one is a deadlock, which lasts as long as the caller would wait. */
static int relock(struct pmutex *p, u64 deadline_ns)
{
    switch (p->type) {
    case PTHREAD_MUTEX_RECURSIVE:
        if (p->again == UINT32_MAX)
            return EAGAIN;
        p->again++;
        return 0;
    case PTHREAD_MUTEX_ERRORCHECK:
        return EDEADLK;
    }
    for (u64 now = time_ns(); now < deadline_ns; now = time_ns())
        thread_sleep(deadline_ns - now);
    return ETIMEDOUT;
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    struct pmutex *p = pmutex_of(m);

    if (mutex_mine(&p->mutex))
        return relock(p, NO_DEADLINE);
    mutex_lock(&p->mutex);
    return 0;
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    struct pmutex *p = pmutex_of(m);

    if (mutex_mine(&p->mutex))
        return p->type == PTHREAD_MUTEX_RECURSIVE ? relock(p, 0) : EBUSY;
    return mutex_trylock(&p->mutex) ? 0 : EBUSY;
}

/* The time is looked at only if the mutex cannot be had at once. */
int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    struct pmutex *p = pmutex_of(m);
    bool mine = mutex_mine(&p->mutex);
    u64 deadline;
    int error;

    if (mine && p->type != PTHREAD_MUTEX_NORMAL)
        return relock(p, 0);
    if (!mine && mutex_trylock(&p->mutex))
        return 0;
    error = deadline_of(clock, until, &deadline);
    if (error)
        return error;
    if (mine)
        return relock(p, deadline);
    return mutex_lock_until(&p->mutex, deadline) ? 0 : ETIMEDOUT;
}

int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
    return pthread_mutex_clocklock(m, CLOCK_REALTIME, until);
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    struct pmutex *p = pmutex_of(m);

    if (!mutex_mine(&p->mutex))
        return EPERM;
    if (p->again)
        p->again--;
    else
        mutex_unlock(&p->mutex);
    return 0;
}
