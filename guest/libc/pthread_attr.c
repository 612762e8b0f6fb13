/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_attr.c: the attributes of threads, mutexes and the rest: kept, or refused if nothing would come of them. */
#include "guest.h"
#include <errno.h>
#include <pthread.h>

static int keep(int *place, int value, int most)
{
    if (value < 0 || value > most)
        return EINVAL;
    *place = value;
    return 0;
}

/* An attribute of which there is but one value. */
static int only(int value, int had, int most)
{
    if (value < 0 || value > most)
        return EINVAL;
    return value == had ? 0 : ENOTSUP;
}

static int tell(int *place, int value)
{
    *place = value;
    return 0;
}

/* There is one process: what is shared between processes is what is shared at all. */
static int shared(int value)
{
    return value < 0 || value > PTHREAD_PROCESS_SHARED ? EINVAL : 0;
}

/* ---- Threads ---- */

int pthread_attr_init(pthread_attr_t *a)
{
    *a = (pthread_attr_t){.__guard = PAGE_SIZE};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *a)
{
    (void)a;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *a, int *state)
{
    return tell(state, a->__detach);
}

int pthread_attr_setdetachstate(pthread_attr_t *a, int state)
{
    return keep(&a->__detach, state, PTHREAD_CREATE_DETACHED);
}

int pthread_attr_getstacksize(const pthread_attr_t *a, size_t *bytes)
{
    *bytes = a->__stack ? a->__stack : THREAD_STACK;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *a, size_t bytes)
{
    if (bytes < PTHREAD_STACK_MIN)
        return EINVAL;
    a->__stack = bytes;
    return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *a, size_t *bytes)
{
    *bytes = a->__guard;
    return 0;
}

/* The guard is what each stack has (guest/kern/stack.h), whatever is asked for. */
int pthread_attr_setguardsize(pthread_attr_t *a, size_t bytes)
{
    a->__guard = bytes;
    return 0;
}

int pthread_attr_getscope(const pthread_attr_t *a, int *scope)
{
    (void)a;
    return tell(scope, PTHREAD_SCOPE_SYSTEM);
}

int pthread_attr_setscope(pthread_attr_t *a, int scope)
{
    (void)a;
    return only(scope, PTHREAD_SCOPE_SYSTEM, PTHREAD_SCOPE_PROCESS);
}

int pthread_attr_getinheritsched(const pthread_attr_t *a, int *inherit)
{
    (void)a;
    return tell(inherit, PTHREAD_INHERIT_SCHED);
}

/* All threads run by the same policy, inherited or not. */
int pthread_attr_setinheritsched(pthread_attr_t *a, int inherit)
{
    (void)a;
    return inherit < 0 || inherit > PTHREAD_EXPLICIT_SCHED ? EINVAL : 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *a, int *policy)
{
    (void)a;
    return tell(policy, SCHED_OTHER);
}

int pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
    (void)a;
    return only(policy, SCHED_OTHER, SCHED_RR);
}

int pthread_attr_getschedparam(const pthread_attr_t *a, struct sched_param *param)
{
    (void)a;
    param->sched_priority = 0;
    return 0;
}

int pthread_attr_setschedparam(pthread_attr_t *a, const struct sched_param *param)
{
    (void)a;
    return param->sched_priority ? ENOTSUP : 0;
}

/* ---- Mutexes ---- */

int pthread_mutexattr_init(pthread_mutexattr_t *a)
{
    *a = (pthread_mutexattr_t){.__type = PTHREAD_MUTEX_DEFAULT};
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *a)
{
    (void)a;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *a, int *type)
{
    return tell(type, a->__type);
}

int pthread_mutexattr_settype(pthread_mutexattr_t *a, int type)
{
    return keep(&a->__type, type, PTHREAD_MUTEX_ERRORCHECK);
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *a, int *to)
{
    (void)a;
    return tell(to, PTHREAD_PROCESS_PRIVATE);
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *a, int value)
{
    (void)a;
    return shared(value);
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *a, int *protocol)
{
    (void)a;
    return tell(protocol, PTHREAD_PRIO_NONE);
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *a, int protocol)
{
    (void)a;
    return only(protocol, PTHREAD_PRIO_NONE, PTHREAD_PRIO_PROTECT);
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *a, int *robust)
{
    (void)a;
    return tell(robust, PTHREAD_MUTEX_STALLED);
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *a, int robust)
{
    (void)a;
    return only(robust, PTHREAD_MUTEX_STALLED, PTHREAD_MUTEX_ROBUST);
}

/* ---- Condition variables ---- */

int pthread_condattr_init(pthread_condattr_t *a)
{
    a->__clock = 0;
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *a)
{
    (void)a;
    return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *a, clockid_t *clock)
{
    *clock = a->__clock ? (clockid_t)a->__clock : CLOCK_REALTIME;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *a, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    a->__clock = (int)clock;
    return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *a, int *to)
{
    (void)a;
    return tell(to, PTHREAD_PROCESS_PRIVATE);
}

int pthread_condattr_setpshared(pthread_condattr_t *a, int value)
{
    (void)a;
    return shared(value);
}

/* ---- Reader-writer locks, barriers ---- */

int pthread_rwlockattr_init(pthread_rwlockattr_t *a)
{
    a->__none = 0;
    return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *a)
{
    (void)a;
    return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *a, int *to)
{
    (void)a;
    return tell(to, PTHREAD_PROCESS_PRIVATE);
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *a, int value)
{
    (void)a;
    return shared(value);
}

int pthread_barrierattr_init(pthread_barrierattr_t *a)
{
    a->__none = 0;
    return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *a)
{
    (void)a;
    return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *a, int *to)
{
    (void)a;
    return tell(to, PTHREAD_PROCESS_PRIVATE);
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *a, int value)
{
    (void)a;
    return shared(value);
}
