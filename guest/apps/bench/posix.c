/* SPDX-License-Identifier: BSD-2-Clause */
/* posix.c: what a program's most frequent calls cost: to read the clock, to take and free a mutex nobody else wants. */
#include "measure.h"
#include <pthread.h>
#include <time.h>

static s32 sample[SAMPLES_MAX];

static void mutex_pair(void)
{
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&m);
    pthread_mutex_unlock(&m);
}

void bench_posix(void)
{
    struct timespec t;

    MEASURE("clock_read", sample, SAMPLES_MAX, (void)0, clock_gettime(CLOCK_MONOTONIC, &t));
    MEASURE("mutex_pair", sample, SAMPLES_MAX, (void)0, mutex_pair());
}
