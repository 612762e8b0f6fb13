/* SPDX-License-Identifier: BSD-2-Clause */
/* time.h: the C library's own, and what one or both of them lack: C11's timespec_get(), and timegm(). */
#pragma once
#include_next <time.h>

#ifndef TIME_UTC
#define TIME_UTC 1
#endif

time_t timegm(struct tm *date);
int timespec_get(struct timespec *now, int base);
