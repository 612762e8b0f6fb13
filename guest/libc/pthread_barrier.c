/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_barrier.c: threads wait for each other until enough are there. */
#include "guest.h"
#include <errno.h>
#include <pthread.h>

struct __attribute__((may_alias)) barrier {
    struct mutex mutex;
    struct cond open;
    u32 needed, here;
    u32 round;
    u32 leaving; /* of the last round, who are not out yet */
};

_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t), "pthread_barrier_t");

int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attr, unsigned count)
{
    (void)attr;
    if (!count)
        return EINVAL;
    *(struct barrier *)b = (struct barrier){.needed = count};
    return 0;
}

/* One of them may destroy it as soon as its own wait is over: so it waits here until the others are out. */
int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    struct barrier *b = (struct barrier *)barrier;
    int error;

    mutex_lock(&b->mutex);
    while (b->leaving)
        cond_wait(&b->open, &b->mutex);
    error = b->here ? EBUSY : 0;
    mutex_unlock(&b->mutex);
    return error;
}

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    struct barrier *b = (struct barrier *)barrier;
    int result = 0;

    mutex_lock(&b->mutex);
    if (++b->here == b->needed) {
        b->leaving += b->needed - 1;
        b->here = 0;
        b->round++;
        result = PTHREAD_BARRIER_SERIAL_THREAD;
        cond_broadcast(&b->open);
    } else {
        u32 round = b->round;

        while (b->round == round)
            cond_wait(&b->open, &b->mutex);
        if (!--b->leaving)
            cond_broadcast(&b->open);
    }
    mutex_unlock(&b->mutex);
    return result;
}
