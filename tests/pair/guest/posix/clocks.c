/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks.c: what time it is, and sleeping. The date must lie between `from=` and `to=`, seconds since 1970. */
#include "posix.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll

static long long ns(clockid_t clock)
{
    struct timespec t = {0};

    clock_gettime(clock, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static time_t told(int argc, char **argv, const char *key)
{
    size_t n = strlen(key);

    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], key, n))
            return (time_t)strtoll(argv[i] + n, NULL, 10);
    return 0;
}

static void date(int argc, char **argv)
{
    time_t from = told(argc, argv, "from="), to = told(argc, argv, "to="), now = time(NULL), copy = 0;
    struct timeval tv;
    struct tm tm;
    char text[32];

    ok(time(&copy) == copy && copy >= now);
    gettimeofday(&tv, NULL);
    ok(tv.tv_sec >= now && tv.tv_sec <= now + 60 && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
    gmtime_r(&now, &tm);
    strftime(text, sizeof(text), "%Y-%m-%d", &tm);
    printf("# the date is %s, %lld\n", text, (long long)now);
    if (to)
        ok(now >= from && now <= to);
}

static unsigned sleepers, awake;

/* Longer than there is time in a u64 of nanoseconds, and just not. */
static void *sleep_on(void *seconds)
{
    struct timespec t = {.tv_sec = *(time_t *)seconds};

    __atomic_add_fetch(&sleepers, 1, __ATOMIC_RELAXED);
    nanosleep(&t, NULL);
    __atomic_add_fetch(&awake, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void sleeps_forever(void)
{
    static time_t ages[] = {0x7fffffffffffffff, 18446744072};

    for (unsigned i = 0; i < 2; i++)
        pthread_detach(begin(sleep_on, &ages[i]));
    await(&sleepers, 2);
    usleep(2000);
    ok(!__atomic_load_n(&awake, __ATOMIC_RELAXED));
}

static void sleeps(void)
{
    struct timespec t = {.tv_nsec = 2000000}, bad = {.tv_nsec = NS_PER_S}, left;
    long long before = ns(CLOCK_MONOTONIC);

    ok(nanosleep(&t, &left) == 0);
    ok(ns(CLOCK_MONOTONIC) - before >= 2000000);
    ok(nanosleep(&bad, NULL) == -1 && errno == EINVAL);
    ok(clock_nanosleep(99, 0, &t, NULL) == EINVAL);
    t = soon(CLOCK_REALTIME, 2);
    ok(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL) == 0);
    ok(ns(CLOCK_REALTIME) >= t.tv_sec * NS_PER_S + t.tv_nsec);
    ok(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){0}, NULL) == 0);
    before = ns(CLOCK_MONOTONIC);
    ok(usleep(1000) == 0 && sleep(0) == 0);
    ok(ns(CLOCK_MONOTONIC) - before >= 1000000);
}

void test_time(int argc, char **argv)
{
    long long a = ns(CLOCK_MONOTONIC), b = ns(CLOCK_MONOTONIC);
    struct timespec t;
    struct rusage r;
    struct tms ticks;
    clock_t c = clock();

    ok(b >= a && a > 0);
    ok(clock_getres(CLOCK_REALTIME, &t) == 0 && t.tv_sec == 0 && t.tv_nsec == 1);
    ok(clock_gettime(99, &t) == -1 && errno == EINVAL);
    ok(timespec_get(&t, TIME_UTC) == TIME_UTC && t.tv_sec - ns(CLOCK_REALTIME) / NS_PER_S <= 1);
    ok(timespec_get(&t, 0) == 0);
    ok(clock_settime(CLOCK_REALTIME, &t) == -1 && errno == EPERM);
    ok(CLOCKS_PER_SEC == 1000000 && c > 0 && clock() >= c);
    ok(times(&ticks) > 0 && ticks.tms_stime == 0);
    ok(getrusage(RUSAGE_SELF, &r) == 0 && getrusage(5, &r) == -1 && errno == EINVAL);
    date(argc, argv);
    sleeps();
    sleeps_forever();
}
