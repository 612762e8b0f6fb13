/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_sched.c: one policy for all threads: they take turns. */
#include "guest.h"
#include "pthread_exit.h"
#include "result.h"
#include <errno.h>
#include <unistd.h>

int sched_getcpu(void); /* its header shows it to _GNU_SOURCE alone */

int sched_yield(void)
{
    thread_yield();
    return 0;
}

int sched_getcpu(void)
{
    return (int)cpu_id();
}

int sched_get_priority_max(int policy)
{
    return policy == SCHED_OTHER ? 0 : libc_failed(EINVAL);
}

int sched_get_priority_min(int policy)
{
    return sched_get_priority_max(policy);
}

static bool is_us(pid_t pid)
{
    return !pid || pid == getpid();
}

int sched_getscheduler(pid_t pid)
{
    return is_us(pid) ? SCHED_OTHER : libc_failed(ESRCH);
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    if (!is_us(pid))
        return libc_failed(ESRCH);
    return policy == SCHED_OTHER && !param->sched_priority ? SCHED_OTHER : libc_failed(EINVAL);
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
    if (!is_us(pid))
        return libc_failed(ESRCH);
    param->sched_priority = 0;
    return 0;
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    return sched_setscheduler(pid, SCHED_OTHER, param);
}

int sched_rr_get_interval(pid_t pid, struct timespec *t)
{
    (void)t;
    return libc_failed(is_us(pid) ? ENOSYS : ESRCH);
}

int pthread_getschedparam(pthread_t t, int *policy, struct sched_param *param)
{
    *policy = SCHED_OTHER;
    param->sched_priority = 0;
    return pthread_is(t);
}

int pthread_setschedparam(pthread_t t, int policy, const struct sched_param *param)
{
    int error = pthread_is(t);

    if (error)
        return error;
    return policy == SCHED_OTHER && !param->sched_priority ? 0 : ENOTSUP;
}

int pthread_setschedprio(pthread_t t, int priority)
{
    struct sched_param param = {.sched_priority = priority};

    return pthread_setschedparam(t, SCHED_OTHER, &param);
}

/* All threads run on all CPUs anyway. */
int pthread_getconcurrency(void)
{
    return 0;
}

int pthread_setconcurrency(int level)
{
    return level < 0 ? EINVAL : 0;
}

/* Nobody measures the processor time of a single thread. */
int pthread_getcpuclockid(pthread_t t, clockid_t *clock)
{
    (void)clock;
    return pthread_is(t) ? ESRCH : ENOENT;
}

/* There is no fork(), so the handlers are never called. */
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare;
    (void)parent;
    (void)child;
    return 0;
}
