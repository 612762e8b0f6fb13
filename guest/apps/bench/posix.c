/* SPDX-License-Identifier: BSD-2-Clause */
/* posix.c: what a program's most frequent calls cost: to read the clock, to take and free a mutex nobody else wants. */
#include "bench.h"
#include "x86.h"
#include <pthread.h>
#include <time.h>

static s32 sample[SAMPLES_MAX];

#define MEASURE(name, operation)                           \
    do {                                                   \
        for (unsigned i = 0; i < SAMPLES_MAX; i++)         \
            sample[i] = TIMED(operation) - TIMED((void)0); \
        figure_median(name, sample, SAMPLES_MAX);          \
    } while (0)

static void mutex_pair(void)
{
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&m);
    pthread_mutex_unlock(&m);
}

void bench_posix(void)
{
    struct timespec t;

    MEASURE("clock_read", clock_gettime(CLOCK_MONOTONIC, &t));
    MEASURE("mutex_pair", mutex_pair());
}
