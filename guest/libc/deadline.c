/* SPDX-License-Identifier: BSD-2-Clause */
/* deadline.c: turn POSIX's points in time into the kernel's. */
#include "deadline.h"
#include <errno.h>

#define NS_PER_S 1000000000ll

bool duration_ns(const struct timespec *t, u64 *ns)
{
    if (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= NS_PER_S)
        return false;
    *ns = (u64)t->tv_sec > NO_DEADLINE / NS_PER_S - 1 ? NO_DEADLINE
                                                      : (u64)t->tv_sec * NS_PER_S + (u64)t->tv_nsec;
    return true;
}

int deadline_of(clockid_t clock, const struct timespec *until, u64 *ns)
{
    u64 start = 0;

    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    if (until->tv_nsec < 0 || until->tv_nsec >= NS_PER_S)
        return EINVAL;
    if (clock == CLOCK_REALTIME)
        start = wall_start_ns();
    if (until->tv_sec < 0 || !duration_ns(until, ns))
        *ns = 0;
    if (*ns != NO_DEADLINE)
        *ns = *ns > start ? *ns - start : 0;
    return 0;
}
