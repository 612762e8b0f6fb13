/* SPDX-License-Identifier: BSD-2-Clause */
/* measure.h: one operation many times, and the median of what it took without the readings of the counter. */
#pragma once
#include "bench.h"
#include "x86.h"

/* `prepare` is not timed; both may use i, which counts to n. */
#define MEASURE(name, sample, n, prepare, operation)         \
    do {                                                     \
        for (unsigned i = 0; i < (n); i++) {                 \
            prepare;                                         \
            (sample)[i] = TIMED(operation) - TIMED((void)0); \
        }                                                    \
        figure_median(name, sample, n);                      \
    } while (0)
