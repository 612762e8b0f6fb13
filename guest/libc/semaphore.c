/* SPDX-License-Identifier: BSD-2-Clause */
/* semaphore.c: counting semaphores without a name. */
#include "deadline.h"
#include "result.h"
#include <errno.h>
#include <semaphore.h>

struct __attribute__((may_alias)) sem {
    struct mutex mutex;
    struct cond posted;
    u32 value;
};

_Static_assert(sizeof(struct sem) <= sizeof(sem_t), "sem_t");

int sem_init(sem_t *s, int shared, unsigned value)
{
    (void)shared;
    if (value > SEM_VALUE_MAX)
        return libc_failed(EINVAL);
    *(struct sem *)s = (struct sem){.value = value};
    return 0;
}

int sem_destroy(sem_t *s)
{
    (void)s;
    return 0;
}

/* EAGAIN: the deadline is past. */
static int take(struct sem *s, u64 deadline_ns)
{
    int error = 0;

    mutex_lock(&s->mutex);
    while (!s->value && !error)
        if (!cond_wait_until(&s->posted, &s->mutex, deadline_ns) && !s->value)
            error = EAGAIN;
    if (!error)
        s->value--;
    mutex_unlock(&s->mutex);
    return error;
}

int sem_wait(sem_t *s)
{
    return take((struct sem *)s, NO_DEADLINE);
}

int sem_trywait(sem_t *s)
{
    int error = take((struct sem *)s, 0);

    return error ? libc_failed(error) : 0;
}

int sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *until)
{
    u64 deadline;
    int error;

    if (!take((struct sem *)s, 0))
        return 0;
    error = deadline_of(clock, until, &deadline);
    if (error)
        return libc_failed(error);
    return take((struct sem *)s, deadline) ? libc_failed(ETIMEDOUT) : 0;
}

int sem_timedwait(sem_t *s, const struct timespec *until)
{
    return sem_clockwait(s, CLOCK_REALTIME, until);
}

int sem_post(sem_t *sem)
{
    struct sem *s = (struct sem *)sem;
    bool full;

    mutex_lock(&s->mutex);
    full = s->value == SEM_VALUE_MAX;
    if (!full) {
        s->value++;
        cond_signal(&s->posted);
    }
    mutex_unlock(&s->mutex);
    return full ? libc_failed(EOVERFLOW) : 0;
}

int sem_getvalue(sem_t *sem, int *value)
{
    struct sem *s = (struct sem *)sem;

    mutex_lock(&s->mutex);
    *value = (int)s->value;
    mutex_unlock(&s->mutex);
    return 0;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    (void)name;
    (void)flags;
    libc_failed(ENOSYS);
    return SEM_FAILED;
}

int sem_close(sem_t *s)
{
    (void)s;
    return libc_failed(ENOSYS);
}

int sem_unlink(const char *name)
{
    (void)name;
    return libc_failed(ENOSYS);
}
