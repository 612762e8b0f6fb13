/* SPDX-License-Identifier: BSD-2-Clause */
/* table.c: what each phase cost, and how much faster the same work was with asynchronous page faults. */
#include "phase.h"
#include <stdio.h>

#define NS_PER_S 1e9

static double ratio(double over, double under)
{
    return under > 0 ? over / under : 0;
}

static void line(const struct phase *ph, unsigned queries)
{
    const struct fl_stats *a = &ph->before, *b = &ph->after;
    double s = (double)ph->ns / NS_PER_S;

    printf("sql: %11u  %-3s %9.3f %10.1f %10.1f %9lu", ph->connections, ph->apf ? "on" : "off", s,
           ratio(queries, s), ratio((double)ph->rows, s), ph->telling.not_present - ph->told.not_present);
    if (host_offers_calls())
        printf(" %9lu %8.1f %6lu %7lu", b->reads - a->reads,
               ratio((double)(b->inflight_ns - a->inflight_ns), (double)(b->now_ns - a->now_ns)),
               b->inflight_max, b->evictions - a->evictions);
    printf("\n");
}

void phase_table(const struct phase *ph, unsigned n, unsigned queries)
{
    printf("sql: connections  apf   time, s  queries/s     rows/s    events");
    printf("%s\n", host_offers_calls() ? "     reads  in flight, most  evicted" : "");
    for (unsigned i = 0; i < n; i++)
        line(&ph[i], queries);
    for (unsigned i = 0; i + 1 < n; i++)
        if (ph[i].connections == ph[i + 1].connections)
            printf("sql: throughput of %2u connections, apf on over off: %.2f\n", ph[i].connections,
                   ratio((double)ph[i].ns, (double)ph[i + 1].ns));
}
