/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time.c: POSIX's clocks: CLOCK_MONOTONIC is time_ns(), CLOCK_REALTIME that and the date at its zero.
 *
 * Processor time is measured by nobody, so its two clocks are refused; clock(), times() and getrusage(), which cannot
 * be, tell the time since the start as that of the user.
 */
#include "deadline.h"
#include "result.h"
#include <errno.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

#define NS_PER_S  1000000000ull
#define NS_PER_US 1000ull

static struct timespec timespec_of(u64 ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static struct timeval timeval_of(u64 ns)
{
    return (struct timeval){.tv_sec = (time_t)(ns / NS_PER_S),
                            .tv_usec = (suseconds_t)(ns % NS_PER_S / NS_PER_US)};
}

static u64 date_ns(void)
{
    return wall_start_ns() + time_ns();
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    switch (clock) {
    case CLOCK_REALTIME:
        *t = timespec_of(date_ns());
        return 0;
    case CLOCK_MONOTONIC:
        *t = timespec_of(time_ns());
        return 0;
    }
    return libc_failed(EINVAL);
}

int clock_getres(clockid_t clock, struct timespec *t)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return libc_failed(EINVAL);
    if (t)
        *t = timespec_of(1);
    return 0;
}

int clock_settime(clockid_t clock, const struct timespec *t)
{
    (void)t;
    return libc_failed(clock == CLOCK_REALTIME ? EPERM : EINVAL);
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    (void)zone;
    *t = timeval_of(date_ns());
    return 0;
}

time_t time(time_t *t)
{
    time_t now = (time_t)(date_ns() / NS_PER_S);

    if (t)
        *t = now;
    return now;
}

/* Nothing interrupts a sleep, so nothing remains of it. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
    u64 now, until;

    (void)left;
    if (flags & TIMER_ABSTIME) {
        int error = deadline_of(clock, t, &until);

        if (error)
            return error;
        now = time_ns();
        if (until > now)
            thread_sleep(until - now);
        return 0;
    }
    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || !duration_ns(t, &until))
        return EINVAL;
    thread_sleep(until);
    return 0;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
    int error = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);

    return error ? libc_failed(error) : 0;
}

int usleep(useconds_t us)
{
    thread_sleep(us * NS_PER_US);
    return 0;
}

unsigned sleep(unsigned seconds)
{
    thread_sleep(seconds * NS_PER_S);
    return 0;
}

clock_t clock(void)
{
    return (clock_t)(time_ns() / (NS_PER_S / CLOCKS_PER_SEC));
}

/* In sysconf(_SC_CLK_TCK) a second. */
clock_t times(struct tms *t)
{
    clock_t ticks = (clock_t)(time_ns() / (NS_PER_S / (u64)sysconf(_SC_CLK_TCK)));

    *t = (struct tms){.tms_utime = ticks};
    return ticks;
}

int getrusage(int who, struct rusage *r)
{
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN)
        return libc_failed(EINVAL);
    *r = (struct rusage){.ru_utime = timeval_of(who == RUSAGE_SELF ? time_ns() : 0)};
    return 0;
}
