/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: POSIX as a program sees it: many small checks, told in TAP; the exit status says whether all were good. */
#include "posix.h"
#include "guest.h"
#include "lib/atomic.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned count, bad;

void result(bool good, const char *name, const char *file, int line)
{
    const char *slash = strrchr(file, '/');

    pthread_mutex_lock(&lock);
    bad += !good;
    printf("%s %u - %s:%d: %s\n", good ? "ok" : "not ok", ++count, slash ? slash + 1 : file, line, name);
    pthread_mutex_unlock(&lock);
}

pthread_t begin(void *(*start)(void *), void *arg)
{
    pthread_t t = 0;

    if (pthread_create(&t, NULL, start, arg)) {
        printf("Bail out! no thread\n");
        exit(1);
    }
    return t;
}

void *end(pthread_t t)
{
    void *value = NULL;

    if (pthread_join(t, &value)) {
        printf("Bail out! no such thread\n");
        exit(1);
    }
    return value;
}

void await(unsigned *word, unsigned n)
{
    while (at_load_acq(word) < n)
        sched_yield();
}

struct timespec soon(clockid_t clock, long ms)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

int main(int argc, char **argv)
{
    struct fl_stats host;

    if (argc == 2 && !strncmp(argv[1], "end=", 4))
        end_by(argv[1] + 4);
    test_threads();
    test_mutexes();
    test_conditions();
    test_rwlocks();
    test_keys();
    test_semaphores();
    test_time(argc, argv);
    test_thread_local();
    test_process(argc, argv);
    test_signals();
    if (host_stats(&host, 0))
        printf("posix: host: not_present=%lu evictions=%lu\n", host.not_present, host.evictions);
    printf("1..%u\nposix: %u checks, %u bad\n", count, count, bad);
    return bad != 0;
}
