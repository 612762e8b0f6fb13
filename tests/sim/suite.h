/* SPDX-License-Identifier: BSD-2-Clause */
/* suite.h: many seeds on two processors: each worker is a process, so that whatever ends it is seen from outside. */
#pragma once
#include "seen.h"

#define WORKERS 2u

/*
 * Which seeds: first, first + 1, … for `seconds`, or `count` of them, or until guests have heard of so many `events`;
 * 0 = no such bound. Or `count` that are listed.
 */
struct seeds {
    u64 first, count, events;
    const u64 *list;
    unsigned seconds;
    bool report; /* print the speed now and then */
};

#define FAILURE_LENGTH 240

struct tally {
    u64 seeds, points, operations;
    u64 seen[SEEN_KINDS];
    u64 failed;                   /* the seed that did */
    char failure[FAILURE_LENGTH]; /* what was seen, in one line */
};

/* Run a batch. False: a seed failed; it has been reported, and the others were stopped. */
bool batch_run(const struct seeds *b, struct tally *out);

/* In a worker: this is what is wrong with the seed that it is at; the worker ends now. */
void batch_failure(const char *oracle, const char *what);
