/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_cond.c: condition variables: the kernel's, with a clock to wait by. */
#include "deadline.h"
#include "lib/atomic.h"
#include "pthread_mutex.h"
#include <errno.h>

struct __attribute__((may_alias)) pcond {
    struct cond cond;
    int clock; /* 0 = CLOCK_REALTIME */
};

_Static_assert(sizeof(struct pcond) <= sizeof(pthread_cond_t), "pthread_cond_t");

static struct pcond *pcond_of(pthread_cond_t *c)
{
    return (struct pcond *)c;
}

int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
    *pcond_of(c) = (struct pcond){.clock = attr ? attr->__clock : 0};
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
    return at_load(&pcond_of(c)->cond.waiters.head) ? EBUSY : 0;
}

/* A recursive mutex is given up altogether, and taken back as deep as it was. */
static int wait_until(struct pcond *c, struct pmutex *p, u64 deadline_ns)
{
    u32 again = p->again;
    bool served;

    if (!mutex_mine(&p->mutex))
        return EPERM;
    p->again = 0;
    served = cond_wait_until(&c->cond, &p->mutex, deadline_ns);
    p->again = again;
    return served ? 0 : ETIMEDOUT;
}

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return wait_until(pcond_of(c), pmutex_of(m), NO_DEADLINE);
}

int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
                           const struct timespec *until)
{
    u64 deadline;
    int error = deadline_of(clock, until, &deadline);

    return error ? error : wait_until(pcond_of(c), pmutex_of(m), deadline);
}

int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
    int clock = pcond_of(c)->clock;

    return pthread_cond_clockwait(c, m, clock ? (clockid_t)clock : CLOCK_REALTIME, until);
}

int pthread_cond_signal(pthread_cond_t *c)
{
    cond_signal(&pcond_of(c)->cond);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
    cond_broadcast(&pcond_of(c)->cond);
    return 0;
}
