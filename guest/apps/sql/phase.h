/* SPDX-License-Identifier: BSD-2-Clause */
/* phase.h: all queries once, by several connections on a thread each, and what that cost. */
#pragma once
#include "script.h"

#define CONNECTIONS_MAX 64
#define JOBS_MAX        4096

/* Job i is statement i % script->count with :n = i / script->count. */
struct task {
    const char *database;
    const struct script *script;
    unsigned jobs;
    struct rows rows[JOBS_MAX]; /* what the first phase gave; later ones are held against it */
    bool answered;              /* there was a first phase */
    char message[MESSAGE_MAX];  /* why a phase failed */
};

struct phase {
    unsigned connections;
    bool apf;
    u64 ns, rows;
    struct fl_stats before, after;     /* the host's counters; all 0 if it has none for us */
    struct apf_counters told, telling; /* the guest's own, before and after */
};

/* Opens, asks, closes. Prints how far it is every few seconds. false: see t->message. */
bool phase_run(struct phase *ph, struct task *t);

/* The closing table: a line for each of the n phases, then APF on over off for each number of connections. */
void phase_table(const struct phase *ph, unsigned n, unsigned queries);
