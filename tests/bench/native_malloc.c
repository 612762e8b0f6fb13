/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native_malloc.c: the guest's malloc on threads of this machine: `native: NAME = VALUE` for each figure.
 *
 * Counted is each thread's own CPU time, so it does not matter how many CPUs there are: a lock that all threads
 * want, or a word that all write, makes each operation dearer.
 */
#include "fake/ram.h"
#include "guest.h"
#include "lib/atomic.h"
#include "malloc_heap.h"
#include "malloc_span.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARENA   (256 * MiB)
#define THREADS 8u
#define REPEAT  15u
#define ROUNDS  400000u
#define KEEP    64u /* blocks that a thread has at a time */
#define LARGEST 600u

static void *box[THREADS][KEEP]; /* atomic: if blocks are traded, for which thread */
static bool trades;
static u32 ready, threads; /* atomic */

void malloc_corrupt(const char *what, const void *p)
{
    fprintf(stderr, "%p: %s\n", p, what);
    abort();
}

static double cpu_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A block replaces another one, of another size: its own, or one that another thread allocated. */
static double churn(unsigned me)
{
    u32 random = me + 1;
    double start;

    at_add(&ready, 1);
    while (at_load(&ready) < at_load(&threads))
        at_relax();
    start = cpu_time();
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned whose = trades ? (me + i) % at_load(&threads) : me;

        random = random * 1664525u + 1013904223u;
        heap_free(at_xchg(&box[whose][random >> 8 & (KEEP - 1)], heap_alloc(1 + (random >> 16) % LARGEST)));
    }
    return (cpu_time() - start) / ROUNDS;
}

static void *run(void *arg)
{
    double *ns = arg;

    *ns = churn((unsigned)*ns);
    heap_thread_end();
    return NULL;
}

/* Nanoseconds of CPU time for a pair, in the middle of all threads. */
static double pair_ns(u32 n)
{
    pthread_t thread[THREADS];
    double ns[THREADS], sum = 0;

    at_store(&threads, n);
    at_store(&ready, 0);
    for (unsigned i = 0; i < n; i++) {
        ns[i] = i;
        if (pthread_create(&thread[i], NULL, run, &ns[i]))
            abort();
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(thread[i], NULL);
        sum += ns[i];
    }
    for (unsigned i = 0; i < THREADS * KEEP; i++) {
        heap_free(box[i / KEEP][i % KEEP]);
        box[i / KEEP][i % KEEP] = NULL;
    }
    return sum / n;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *value)
{
    qsort(value, REPEAT, sizeof(*value), ascending);
    return value[REPEAT / 2];
}

int main(void)
{
    double one[REPEAT], eight[REPEAT], traded[REPEAT];

    if (!ram_make(ARENA))
        return 1;
    for (unsigned i = 0; i < REPEAT; i++) {
        trades = false;
        one[i] = pair_ns(1);
        eight[i] = one[i] / pair_ns(THREADS);
        trades = true;
        traded[i] = one[i] / pair_ns(THREADS);
    }
    printf("native: malloc_ns = %.6g\nnative: malloc_eight = %.6g\nnative: malloc_traded = %.6g\n",
           median(one), median(eight), median(traded));
    return 0;
}
