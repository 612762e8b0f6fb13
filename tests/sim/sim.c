/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.c: the simulator's program.
 *
 *   sim                  the walkers, SIM_SEEDS (4000) fixed seeds, determinism, as TAP; clock seeds for SIM_SECONDS
 *   sim SEED [COUNT]     one seed, with all there is to say; COUNT memory accesses for each guest instead of its own
 *   sim soak [SECONDS]   fresh seeds until stopped, with the speed
 *   sim pv [SECONDS]     the same with steal time and PV EOI
 *   sim events [COUNT]   fresh seeds full of absent pages until guests have been told of so many (10 million)
 */
#include "guest.h"
#include "suite.h"
#include "swarm.h"
#include "trace.h"
#include "walks.h"
#include "world.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIXED  2000u
#define TWICE  20u
#define EVENTS 10000000u
#define A_SEED 50u /* events that the suite waits for, for each fixed seed */

_Noreturn void machine_violation(const char *oracle, const char *fmt, ...)
{
    char what[FAILURE_LENGTH];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    what[strcspn(what, "\n")] = 0;
    batch_failure(oracle, what);
    printf("# the last events:\n");
    trace_print(stdout);
    swarm_print();
    printf("# oracle: %s\n# seen: %s\n# accesses of guests:", oracle, what);
    for (unsigned i = 0; i < swarm.vcpus; i++)
        printf(" %lu", guest[i].operations);
    printf("\n# replay: make sim SEED=%lu\n", swarm.machine.seed);
    fflush(stdout);
    _exit(1);
}

/* Seeds that failed once and are no longer met by chance. */
static const u64 once[] = {
    1795279400004977, /* a vCPU that has slept for longer than `patience` and was just woken is not stuck */
    1795286712000377, /* a run whose store stops answering may take until its watchdog has had enough */
    1795288029009930, /* of pages whose writes a full store refuses not always the same one goes first */
    7007706850, /* a CPU that changes much is not left standing while others run alone, turn after turn */
    578256041315429269, /* a HLT that waits for the word of PV EOI is not overtaken by what it is to wait for */
    578256043935456085, /* two vCPUs of one CPU, one request at a time: each took the other's page, for ever */
};

static u64 fresh(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (u64)t.tv_sec * 1000000;
}

static unsigned failed, results;

static void result(bool good, const char *what, const struct tally *t)
{
    failed += !good;
    printf("%sok %u - %s", good ? "" : "not ", ++results, what);
    if (!good && t)
        printf(": seed %lu: %s", t->failed, t->failure);
    else if (t)
        printf(": %lu seeds, %lu accesses, %.1f million steps", t->seeds, t->operations,
               (double)t->points / 1e6);
    putchar('\n');
    fflush(stdout);
}

/* What became of all events (oracle.c holds them against the core's own count, run by run). */
static bool events_add_up(const u64 *n)
{
    u64 ends = n[SEEN_READY] + n[SEEN_DROPPED] + n[SEEN_LEFT];

    printf("# %lu events were told not-present: %lu ready, %lu dropped by disabling, %lu left when the VM "
           "ended; "
           "%ld lost\n",
           n[SEEN_TOLD], n[SEEN_READY], n[SEEN_DROPPED], n[SEEN_LEFT], (s64)(n[SEEN_TOLD] - ends));
    return n[SEEN_TOLD] == ends;
}

static u64 events[SEEN_KINDS]; /* of all groups */

static void group(const char *what, struct seeds b)
{
    struct tally t;
    bool good = batch_run(&b, &t);

    result(good, what, &t);
    seen_print(t.seen);
    for (unsigned i = 0; i < SEEN_KINDS; i++)
        events[i] += t.seen[i];
}

/* A seed names one run, whatever ran before it in this process. */
static bool deterministic(void)
{
    u64 hash[TWICE];

    for (u64 i = 0; i < TWICE; i++)
        hash[i] = world_run(i + 1, 0).hash;
    for (u64 i = TWICE; i--;)
        if (world_run(i + 1, 0).hash != hash[i]) {
            printf("# seed %lu: two runs differ\n", i + 1);
            return false;
        }
    return true;
}

/* The clock's seeds: no two runs are the same, and what one finds must not depend on when a change was tested. */
static void fresh_groups(unsigned seconds)
{
    group("fresh seeds", (struct seeds){.first = fresh(), .seconds = seconds});
    group("fresh seeds with steal time and PV EOI",
          (struct seeds){.first = fresh() | SEED_PV, .seconds = MAX(seconds / 2, 1)});
    group("fresh seeds on a disk that any CPU answers for",
          (struct seeds){.first = fresh() | SEED_SHARED, .seconds = MAX(seconds / 2, 1)});
}

static unsigned number_from(const char *variable, unsigned otherwise)
{
    const char *s = getenv(variable);

    return s && *s ? (unsigned)atoi(s) : otherwise;
}

static int suite(void)
{
    unsigned seeds = number_from("SIM_SEEDS", FIXED), seconds = number_from("SIM_SECONDS", 0);

    result(walks_right(), "the walkers read entries as the manuals say", NULL);
    group("seeds that failed once", (struct seeds){.list = once, .count = ARRAY_SIZE(once)});
    group("fixed seeds", (struct seeds){.first = 1, .count = seeds});
    group("fixed seeds with steal time and PV EOI", (struct seeds){.first = SEED_PV | 1, .count = seeds / 2});
    group("fixed seeds on a disk that any CPU answers for",
          (struct seeds){.first = SEED_SHARED | 1, .count = seeds / 4});
    group("seeds full of absent pages", (struct seeds){.first = SEED_EVENTS | 1, .events = seeds * A_SEED});
    result(!failed && deterministic(), "the same seed is the same run", NULL);
    if (seconds)
        fresh_groups(seconds);
    result(events_add_up(events), "each event that was told not-present has one end", NULL);
    printf("1..%u\n", results);
    return failed != 0;
}

static int soak(struct seeds b)
{
    struct tally t;
    bool good;

    b.report = true;
    good = batch_run(&b, &t);
    return !(events_add_up(t.seen) && good);
}

static int replay(u64 seed, u64 operations)
{
    struct run_result r;

    oracle_verbose(true);
    r = world_run(seed, operations);
    swarm_print();
    printf("# seed %lu: hash %016lx, %lu accesses, %lu steps, %lu us of virtual time\n", seed, r.hash,
           r.operations, r.points, machine.now / 1000);
    seen_print(seen);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return suite();
    if (!strcmp(argv[1], "soak") || !strcmp(argv[1], "pv"))
        return soak((struct seeds){.first = fresh() | (argv[1][0] == 'p' ? SEED_PV : 0),
                                   .seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 0});
    if (!strcmp(argv[1], "events"))
        return soak((struct seeds){.first = fresh() | SEED_EVENTS,
                                   .events = argc > 2 ? strtoull(argv[2], NULL, 0) : EVENTS});
    return replay(strtoull(argv[1], NULL, 0), argc > 2 ? strtoull(argv[2], NULL, 0) : 0);
}
