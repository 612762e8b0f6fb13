/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rate.c: pages per second that threads can miss on a slow store, and what they leave to a thread that computes.
 *
 * Every page of the module starts with its own number, counted from 1, so that a page that came in is the right one.
 */
#include "bench.h"
#include <stdio.h>

#define MISSERS_MAX 64
#define SETTLE_NS   200000000ull /* until as many reads are under way as there will be */
#define ROUNDS      4 /* of computing alone and beside missers, by turns: a busy machine disturbs both alike */
#define BESIDE      16 /* missers beside the thread that computes */

static struct {
    const u8 *module;
    u64 pages;
    u64 next; /* page that nobody has missed yet */
    u64 missed, wrong, computed;
    u32 stop;
} run;

struct rates {
    double missed, computed; /* per second */
    double latency_ms;       /* of one read, as the host saw it */
    double exits;            /* for one read */
};

static void misser(void *unused)
{
    (void)unused;
    while (!at_load(&run.stop)) {
        u64 page = at_add(&run.next, 1) - 1;

        if (page >= run.pages)
            return;
        if (at_load((const u64 *)(run.module + page * PAGE_SIZE)) != page + 1)
            at_add(&run.wrong, 1);
        at_add(&run.missed, 1);
    }
}

static void computer(void *unused)
{
    u64 x = 1;

    (void)unused;
    while (!at_load(&run.stop)) {
        for (unsigned i = 0; i < 1000; i++)
            x = x * 0x5851f42d4c957f2dull + 1;
        at_store(&run.computed, at_load(&run.computed) + 1 + !x);
    }
}

/* Starts with no page of the module in memory. false if threads or pages ran out. */
static bool phase(unsigned missers, bool compute, u64 ns, struct rates *r)
{
    struct thread *thread[MISSERS_MAX + 1];
    u64 missed, computed, start, passed;
    struct fl_stats before, after;
    double reads;
    unsigned n = 0, wanted = missers + compute;

    host_evict(run.module, run.pages * PAGE_SIZE);
    run.next = run.missed = run.computed = run.stop = 0;
    while (n < wanted && (thread[n] = thread_create(n < missers ? misser : computer, NULL)))
        n++;
    thread_sleep(SETTLE_NS);
    (void)host_stats(&before, 0);
    start = time_ns();
    missed = at_load(&run.missed);
    computed = at_load(&run.computed);
    thread_sleep(ns);
    passed = time_ns() - start;
    r->missed = (double)(at_load(&run.missed) - missed) * 1e9 / (double)passed;
    r->computed = (double)(at_load(&run.computed) - computed) * 1e9 / (double)passed;
    (void)host_stats(&after, 0);
    reads = (double)(after.reads - before.reads);
    r->latency_ms = (double)(after.inflight_ns - before.inflight_ns) / 1e6 / reads;
    r->exits = (double)(after.exits - before.exits) / reads;
    at_store(&run.stop, 1);
    for (unsigned i = 0; i < n; i++)
        thread_join(thread[i]);
    return n == wanted && run.next < run.pages;
}

static void figure_of(const char *what, unsigned threads, double value)
{
    char name[32];

    snprintf(name, sizeof(name), "%s_%u", what, threads);
    figure(name, value);
}

static bool misses(u64 ns)
{
    static const unsigned threads[] = {1, 4, 16, 64};
    struct rates r;
    bool ok;

    pvapf_enable(false);
    ok = phase(1, false, ns, &r);
    figure("missed_sync", r.missed);
    pvapf_enable(true);
    for (unsigned i = 0; ok && i < ARRAY_SIZE(threads); i++) {
        ok = phase(threads[i], false, ns, &r);
        figure_of("missed", threads[i], r.missed);
        figure_of("latency", threads[i], r.latency_ms);
        figure_of("exits", threads[i], r.exits);
    }
    return ok;
}

static bool computes(u64 ns)
{
    struct rates alone = {0}, beside = {0}, sync = {0}, r;
    bool ok = true;

    for (unsigned i = 0; ok && i < ROUNDS; i++) {
        ok = phase(0, true, ns / ROUNDS, &r);
        alone.computed += r.computed / ROUNDS;
        ok = ok && phase(BESIDE, true, ns / ROUNDS, &r);
        beside.computed += r.computed / ROUNDS;
        beside.missed += r.missed / ROUNDS;
        pvapf_enable(false);
        ok = ok && phase(BESIDE, true, ns / ROUNDS, &r);
        pvapf_enable(true);
        sync.computed += r.computed / ROUNDS;
        sync.missed += r.missed / ROUNDS;
    }
    figure("computed_alone", alone.computed);
    figure("computed_beside", beside.computed);
    figure("computed_beside_sync", sync.computed);
    figure("missed_beside", beside.missed);
    figure("missed_beside_sync", sync.missed);
    return ok;
}

bool bench_rates(u64 phase_ns)
{
    u64 bytes = 0;
    bool ok;

    run.module = module_data(0, &bytes);
    run.pages = bytes / PAGE_SIZE;
    if (!run.pages || pvapf_dialect() == APF_ABSENT) {
        printf("bench: needs a module and asynchronous page faults\n");
        return false;
    }
    ok = misses(phase_ns) && computes(phase_ns);
    if (!ok)
        printf("bench: the module is too small for so much time, or memory for so many threads\n");
    figure("wrong_pages", (double)run.wrong);
    return ok;
}
