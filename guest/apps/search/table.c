/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c: what each phase cost, from the differences of the host's counters. */
#include "phase.h"
#include <stdio.h>

enum row {
    TIME,
    FAULTS,
    READS,
    NOT_PRESENT,
    READY,
    SAT_OUT,
    INFLIGHT,
    INFLIGHT_MAX,
    EVICTIONS,
    EXITS,
    IDLE,
    ROWS
};

static const char *const names[ROWS] = {
    [TIME] = "time, s",
    [FAULTS] = "faults",
    [READS] = "pages read",
    [NOT_PRESENT] = "not-present events",
    [READY] = "page-ready events",
    [SAT_OUT] = "faults that stopped their vCPU",
    [INFLIGHT] = "reads in flight, average",
    [INFLIGHT_MAX] = "reads in flight, most",
    [EVICTIONS] = "pages evicted",
    [EXITS] = "VM exits",
    [IDLE] = "vCPU time with nothing to run, %",
};

static double value(const struct phase *ph, enum row row)
{
    const struct fl_stats *a = &ph->before, *b = &ph->after;
    double elapsed = (double)MAX(b->now_ns - a->now_ns, 1ul);

    switch (row) {
    case TIME:
        return (double)ph->ns / 1e9;
    case FAULTS:
        return (double)(b->tdp_faults - a->tdp_faults);
    case READS:
        return (double)(b->reads - a->reads);
    case NOT_PRESENT:
        return (double)(b->not_present - a->not_present);
    case READY:
        return (double)(b->ready - a->ready);
    case SAT_OUT:
        return (double)(b->sync_waits - a->sync_waits + b->apf_halts - a->apf_halts);
    case INFLIGHT:
        return (double)(b->inflight_ns - a->inflight_ns) / elapsed;
    case INFLIGHT_MAX:
        return (double)b->inflight_max;
    case EVICTIONS:
        return (double)(b->evictions - a->evictions);
    case EXITS:
        return (double)(b->exits - a->exits);
    case IDLE:
        return 100.0 * (double)(b->idle_ns - a->idle_ns) / (elapsed * cpu_count());
    case ROWS:
        break;
    }
    return 0;
}

static int decimals(enum row row)
{
    return row == TIME ? 3 : row == INFLIGHT || row == IDLE ? 1 : 0;
}

void phase_table(const struct phase *ph, unsigned n)
{
    enum row rows = host_offers_calls() ? ROWS : FAULTS; /* other hosts tell no more than the time */

    printf("search: %-34s", "");
    for (unsigned i = 0; i < n; i++)
        printf("     apf %-3s", ph[i].name);
    printf("\n");
    for (enum row row = TIME; row < rows; row++) {
        printf("search: %-34s", names[row]);
        for (unsigned i = 0; i < n; i++)
            printf("%12.*f", decimals(row), value(&ph[i], row));
        printf("\n");
    }
}
