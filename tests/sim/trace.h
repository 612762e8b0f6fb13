/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.h: the last events of a run, for the report of a failure; and a hash of all of them, which names the run. */
#pragma once
#include "lib/types.h"
#include <stdio.h>

void trace_reset(void);
/* fmt takes up to three u64; it must be a literal. */
void trace(const char *fmt, u64 a, u64 b, u64 c);
void trace_print(FILE *to);
u64 trace_hash(void);
