/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench.c: measure, from within, what this kernel and our host cost.
 *
 *     bench exact        path lengths, on one vCPU of a machine whose counter counts instructions
 *     bench rates=NS     throughputs, each measured for so long
 *
 * Ends with 0, with STATUS_USAGE if it cannot measure here.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_USAGE 2

void figure(const char *name, double value)
{
    printf("bench: %s = %.12g\n", name, value);
}

static int ascending(const void *a, const void *b)
{
    s32 x = *(const s32 *)a, y = *(const s32 *)b;

    return (x > y) - (x < y);
}

void figure_median(const char *name, s32 *sample, unsigned n)
{
    qsort(sample, n, sizeof(*sample), ascending);
    printf("bench: %s = %d from %d to %d\n", name, sample[n / 2], sample[0], sample[n - 1]);
}

static bool exact(void)
{
    bench_exits();
    bench_heap();
    bench_posix();
    return bench_threads() && bench_apf();
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool done = false;
    u64 entry, start;

    boot_timing(&entry, &start);
    figure("first_instruction", (double)entry);
    figure("entry_to_main", (double)(start - entry));
    if (!host_offers_calls())
        printf("bench: only our own host can be measured\n");
    else if (!strcmp(what, "exact"))
        done = exact();
    else if (!strncmp(what, "rates=", 6))
        done = bench_rates(strtoull(what + 6, NULL, 10));
    else
        printf("bench: say exact or rates=NS\n");
    return done ? 0 : STATUS_USAGE;
}
