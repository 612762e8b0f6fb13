/* SPDX-License-Identifier: BSD-2-Clause */
/* semaphores.c: a buffer between threads, and the errors. */
#include "posix.h"
#include <errno.h>
#include <semaphore.h>

#define PLACES 3
#define GOODS  500

static sem_t room, filled;
static unsigned place[PLACES], sum;

static void *produce(void *arg)
{
    for (unsigned i = 0; i < GOODS; i++) {
        sem_wait(&room);
        place[i % PLACES] = i;
        sem_post(&filled);
    }
    return arg;
}

static void *consume(void *arg)
{
    for (unsigned i = 0; i < GOODS; i++) {
        sem_wait(&filled);
        sum += place[i % PLACES];
        sem_post(&room);
    }
    return arg;
}

void test_semaphores(void)
{
    struct timespec until = soon(CLOCK_REALTIME, 3);
    pthread_t a, b;
    int value = -1;

    ok(sem_init(&room, 0, PLACES) == 0 && sem_init(&filled, 0, 0) == 0);
    ok(sem_trywait(&filled) == -1 && errno == EAGAIN);
    ok(sem_timedwait(&filled, &until) == -1 && errno == ETIMEDOUT);
    until.tv_nsec = -1;
    ok(sem_timedwait(&filled, &until) == -1 && errno == EINVAL);
    a = begin(produce, NULL);
    b = begin(consume, NULL);
    end(a);
    end(b);
    ok(sum == GOODS * (GOODS - 1) / 2);
    ok(sem_getvalue(&room, &value) == 0 && value == PLACES);
    ok(sem_trywait(&room) == 0 && sem_getvalue(&room, &value) == 0 && value == PLACES - 1);
    ok(sem_destroy(&room) == 0 && sem_destroy(&filled) == 0);
    ok(sem_init(&room, 0, SEM_VALUE_MAX + 1u) == -1 && errno == EINVAL);
    ok(sem_init(&room, 0, SEM_VALUE_MAX) == 0 && sem_post(&room) == -1 && errno == EOVERFLOW);
    ok(sem_open("/name", 0) == SEM_FAILED && errno == ENOSYS);
}
