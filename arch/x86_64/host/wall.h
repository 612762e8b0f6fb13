/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.h: the date. */
#pragma once
#include "lib/types.h"

/* Once, after clock_init(). */
void wall_init(void);
/* Nanoseconds since 1970 UTC, right to the second; 0 if the machine knows no date. */
u64 wall_ns(void);
