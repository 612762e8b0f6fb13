/* SPDX-License-Identifier: BSD-2-Clause */
/* phase.h: one search of the whole text by several threads, and what it cost. */
#pragma once
#include "guest.h"
#include "scan.h"

struct phase {
    const char *name; /* "off" or "on" */
    struct count count;
    u64 ns;
    struct fl_stats before, after; /* the host's counters; all 0 if it has none for us */
};

/* Searches with so many threads. Prints how far it is every second. false if the threads cannot be had. */
bool phase_run(struct phase *ph, const struct pattern *p, const void *text, u64 size, unsigned threads);

/* The closing table: one column for each of the n phases. */
void phase_table(const struct phase *ph, unsigned n);
