/* SPDX-License-Identifier: BSD-2-Clause */
/* deadline.h: points in time as POSIX writes them, as those of time_ns(). */
#pragma once
#include "guest.h"
#include <time.h>

/* When `until` is by that clock, at once if it is past. EINVAL: there is no such time, or no waiting by that clock. */
int deadline_of(clockid_t clock, const struct timespec *until, u64 *ns);
/* false: no such duration. One beyond the end of time lasts until then. */
bool duration_ns(const struct timespec *t, u64 *ns);
