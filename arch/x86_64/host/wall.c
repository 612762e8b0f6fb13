/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.c: the date: read once from the real-time clock, then as the time-stamp counter goes on. */
#include "wall.h"
#include "clock.h"
#include "cmos.h"

#define NS_PER_S 1000000000ull

static u64 start_ns; /* the date at which clock_ns() was 0; written once by wall_init() */

void wall_init(void)
{
    u64 date_ns = rtc_seconds(cmos_read) * NS_PER_S, now = clock_ns();

    start_ns = date_ns > now ? date_ns - now : 0;
}

u64 wall_ns(void)
{
    return start_ns ? start_ns + clock_ns() : 0;
}
