/* SPDX-License-Identifier: BSD-2-Clause */
/* local.c: what the C library keeps, each thread has of its own: errno, strtok(), and what the _r functions fill. */
#include "posix.h"
#include "lib/atomic.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define THREADS 4
#define TIMES   500

static unsigned wrong;

static bool tokens(unsigned me)
{
    char text[32], want[8], *word;
    unsigned n = 0;

    snprintf(text, sizeof(text), "%u0 %u1 %u2 %u3", me, me, me, me);
    for (word = strtok(text, " "); word; word = strtok(NULL, " "), n++) {
        snprintf(want, sizeof(want), "%u%u", me, n);
        if (strcmp(word, want))
            return false;
        sched_yield();
    }
    return n == 4;
}

/* gmtime_r() and asctime_r() by a day for each thread. */
static bool dates(unsigned me)
{
    time_t day = (time_t)me * 86400;
    struct tm tm;
    char text[32], want[32];

    gmtime_r(&day, &tm);
    asctime_r(&tm, text);
    snprintf(want, sizeof(want), "Jan %2u 00:00:00 1970", me + 1);
    return strstr(text, want);
}

static void *work(void *arg)
{
    unsigned me = (unsigned)(long)arg;

    for (unsigned i = 0; i < TIMES; i++) {
        errno = (int)me + 1;
        if (!tokens(me) || !dates(me))
            at_add(&wrong, 1);
        if (errno != (int)me + 1)
            at_add(&wrong, 1);
    }
    return arg;
}

void test_thread_local(void)
{
    pthread_t t[THREADS];

    errno = 77;
    for (int i = 0; i < THREADS; i++)
        t[i] = begin(work, (void *)(long)i);
    for (int i = 0; i < THREADS; i++)
        end(t[i]);
    ok(wrong == 0);
    ok(errno == 77);
}
