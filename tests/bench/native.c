/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native.c: the TDP tree by the clock of this machine: `native: NAME = VALUE` for each figure, as tests/bench/native.py
 * reads them.
 *
 * Time is each thread's own CPU time, so that other programs disturb little. Two things that are compared alternate,
 * and the figure is the median of the repetitions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "fake/machine.h"
#include "vm.h"

#define REPEAT 15u
#define GIB    (1ull << 18) /* pages of 1 GiB */
#define BASE   (1ull << 20) /* pfn of gfn 0 */

static struct vm vm;
static struct epoch epoch;
static struct tdp_root *root;
static struct tdp_cache cache;

static double clock_of(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double now(void)
{
    return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void say(const char *name, double value)
{
    printf("native: %s = %.6g\n", name, value);
    fflush(stdout);
}

static void say_median(const char *name, double *value)
{
    qsort(value, REPEAT, sizeof(*value), ascending);
    say(name, value[REPEAT / 2]);
}

/* As fault.c from the look-up on: one page, or one block. */
static void fault_in(u64 gfn, unsigned level, struct tdp_cache *c)
{
    struct tdp_map m = {.gfn = {gfn}, .pfn = {BASE + gfn}, .level = level, .access = ACCESS_READ};
    u64 seq = inv_snapshot(&vm.inv);
    bool done;

    read_lock(&vm.tdp.lock);
    done = !inv_retry(&vm.inv, seq, m.gfn) && tdp_map(&vm.tdp, root, &m, c) == TDP_OK;
    read_unlock(&vm.tdp.lock);
    check(done, "nobody takes the page away meanwhile");
}

static void fill(u64 start, u64 end, unsigned level)
{
    for (u64 gfn = start; gfn < end; gfn += 1ull << 9 * level) {
        check(tdp_cache_fill(&cache), "there is memory for tables");
        fault_in(gfn, level, &cache);
    }
}

/* In pieces of `step`: where that is less than a table spans, tables stay. */
static void zap(u64 start, u64 end, u64 step)
{
    struct tdp_gather g = {0};

    for (u64 gfn = start; gfn < end; gfn += step) {
        write_lock(&vm.tdp.lock);
        tdp_zap(&vm.tdp, (gfn_t){gfn}, (gfn_t){gfn + step}, NULL, &g);
        tdp_commit(&vm.tdp, &g);
        write_unlock(&vm.tdp.lock);
    }
    epoch_collect(&epoch);
}

/* Seconds for `pages` faults from `start` on; the tables are there, and are left as they were. */
static double time_faults(u64 start, u64 pages)
{
    struct tdp_cache none = {0};
    double t = now();

    for (u64 i = start; i < start + pages; i++)
        fault_in(i, 0, &none);
    return now() - t;
}

static double rate(u64 start, u64 pages)
{
    double t = time_faults(start, pages);

    zap(start, start + pages, BLOCK_PAGES / 2);
    return (double)pages / t;
}

/* ---- Beside another thread: counted only if both really ran side by side ---- */

#define ATTEMPTS  3000u
#define SHORT     (1ull << 14) /* pages; less than the time slice of a thread */
#define TOGETHER  0.9          /* share of the time for which both had a CPU */
#define NO_FAULTS (~0ull)

struct stretch {
    double from, to, used; /* by the clock on the wall; and CPU time */
};

static struct {
    u64 from; /* faults from there on; NO_FAULTS: ages 1 GiB, of which the first thread's pages are a part */
    u32 ready, stop;
    struct stretch ran;
} other;

static u64 young[GIB / 64];

/* Both spin until both are there. */
static void meet(void)
{
    at_add(&other.ready, 1);
    while (at_load_acq(&other.ready) < 2)
        at_relax();
}

static void run_faults(u64 first, struct stretch *s)
{
    s->from = clock_of(CLOCK_MONOTONIC);
    s->used = time_faults(first, SHORT);
    s->to = clock_of(CLOCK_MONOTONIC);
}

static void *run_other(void *arg)
{
    (void)arg;
    fake_cpu = 1;
    meet();
    if (other.from != NO_FAULTS) {
        run_faults(other.from, &other.ran);
        return NULL;
    }
    other.ran.from = clock_of(CLOCK_MONOTONIC);
    other.ran.used = now();
    while (!at_load(&other.stop))
        tdp_age(&vm.tdp, (gfn_t){0}, (gfn_t){GIB}, young, true);
    other.ran.used = now() - other.ran.used;
    other.ran.to = clock_of(CLOCK_MONOTONIC);
    return NULL;
}

static bool together(const struct stretch *a, const struct stretch *b)
{
    double shared = MIN(a->to, b->to) - MAX(a->from, b->from);

    return shared > TOGETHER * (a->to - a->from) && a->used > TOGETHER * (a->to - a->from) &&
           b->used > TOGETHER * (b->to - b->from);
}

static bool run_both(u64 other_from, struct stretch *mine)
{
    pthread_t thread;

    other.from = other_from;
    other.ready = other.stop = 0;
    check(!pthread_create(&thread, NULL, run_other, NULL), "a thread starts");
    meet();
    run_faults(0, mine);
    at_store(&other.stop, 1);
    pthread_join(thread, NULL);
    zap(0, 2 * SHORT, BLOCK_PAGES / 2);
    return together(mine, &other.ran);
}

/* Over one thread that is alone. Says nothing if two CPUs were not free at once often enough. */
static void beside(const char *name, u64 other_from)
{
    double ratio[REPEAT];
    unsigned n = 0;

    for (unsigned i = 0; i < ATTEMPTS && n < REPEAT; i++) {
        double one = rate(0, SHORT), both;
        struct stretch mine;

        if (!run_both(other_from, &mine))
            continue;
        both = SHORT / mine.used + (other_from == NO_FAULTS ? 0 : SHORT / other.ran.used);
        ratio[n++] = both / one;
    }
    if (n == REPEAT)
        say_median(name, ratio);
}

static void faults(void)
{
    double one[REPEAT];

    fill(0, GIB, 0);
    zap(0, 2 * SHORT, BLOCK_PAGES / 2);
    for (unsigned i = 0; i < REPEAT; i++)
        one[i] = rate(0, 2 * SHORT);
    say_median("faults", one);
    beside("faults_two", SHORT);
    beside("faults_aged", NO_FAULTS);
    zap(0, GIB, GIB);
}

/* ---- 1 GiB of 4 KiB leaves against plain accesses to the same entries ---- */

static u64 *table[GIB / BLOCK_PAGES]; /* those of level 0, in order */

#define ADDRESS 0x000ffffffffff000ull

/* As the hardware would find them: AMD's format. */
static void find_tables(void)
{
    const u64 *top = port_map(root->table);
    const u64 *third = port_map((hpa_t){top[0] & ADDRESS});
    const u64 *second = port_map((hpa_t){third[0] & ADDRESS});

    for (unsigned i = 0; i < GIB / BLOCK_PAGES; i++)
        table[i] = port_map((hpa_t){second[i] & ADDRESS});
}

static double time_plain_read(void)
{
    static u64 sink;
    double t = now();
    u64 sum = 0;

    for (unsigned i = 0; i < GIB / BLOCK_PAGES; i++)
        for (unsigned n = 0; n < BLOCK_PAGES; n++)
            sum += table[i][n];
    at_store(&sink, sum);
    return now() - t;
}

static double time_plain_stores(void)
{
    double t = now();

    for (unsigned i = 0; i < GIB / BLOCK_PAGES; i++)
        for (unsigned n = 0; n < BLOCK_PAGES; n++)
            at_store(&table[i][n], 0);
    return now() - t;
}

/* What hardware that sets bits asks for at least (C3-3). */
static double time_exchanges(void)
{
    double t = now();

    for (unsigned i = 0; i < GIB / BLOCK_PAGES; i++)
        for (unsigned n = 0; n < BLOCK_PAGES; n++)
            (void)at_xchg(&table[i][n], 0);
    return now() - t;
}

static double time_aging(bool clear)
{
    double t = now();

    tdp_age(&vm.tdp, (gfn_t){0}, (gfn_t){GIB}, young, clear);
    return now() - t;
}

static double time_zap(u64 step)
{
    double t = now();

    zap(0, GIB, step);
    return now() - t;
}

static double time_protect(void)
{
    struct tdp_gather g = {0};
    double t = now();

    read_lock(&vm.tdp.lock);
    tdp_write_protect(&vm.tdp, (gfn_t){0}, (gfn_t){GIB}, &g);
    tdp_commit(&vm.tdp, &g);
    read_unlock(&vm.tdp.lock);
    return now() - t;
}

static void scans(void)
{
    double cold[REPEAT], young_too[REPEAT], protect[REPEAT], leaves[REPEAT], locked[REPEAT], all[REPEAT];

    for (unsigned i = 0; i < REPEAT; i++) {
        double read, stores, took;

        fill(0, GIB, 0);
        find_tables();
        read = time_plain_read();
        young_too[i] = read / time_aging(true);
        cold[i] = time_plain_read() / time_aging(true);
        protect[i] = time_protect() / GIB * 1e9;
        zap(0, GIB, BLOCK_PAGES / 2);
        fill(0, GIB, 0);
        took = time_zap(BLOCK_PAGES / 2);
        stores = time_plain_stores();
        leaves[i] = stores / took;
        locked[i] = time_exchanges() / took;
        fill(0, GIB, 0);
        all[i] = stores / time_zap(GIB);
    }
    say_median("age_cold", cold);
    say_median("age_young", young_too);
    say_median("protect_ns", protect);
    say_median("zap_leaves", leaves);
    say_median("zap_locked", locked);
    say_median("zap_all", all);
}

static void blocks(void)
{
    double split[REPEAT], collapse[REPEAT];

    for (unsigned i = 0; i < REPEAT; i++) {
        struct tdp_gather g = {0};
        double t;

        fill(0, GIB, 1);
        split[i] = collapse[i] = 0;
        for (u64 gfn = 0; gfn < GIB; gfn += BLOCK_PAGES) {
            check(tdp_cache_fill(&cache), "there is memory for tables");
            read_lock(&vm.tdp.lock);
            t = now();
            check(tdp_split(&vm.tdp, (gfn_t){gfn}, (gfn_t){gfn + 1}, 0, &cache), "pages suffice");
            split[i] += now() - t;
            read_unlock(&vm.tdp.lock);
            write_lock(&vm.tdp.lock);
            t = now();
            check(tdp_collapse(&vm.tdp, (gfn_t){gfn}, 1, (pfn_t){BASE + gfn}, &g) == 1, "a block collapses");
            collapse[i] += now() - t;
            tdp_commit(&vm.tdp, &g);
            write_unlock(&vm.tdp.lock);
        }
        split[i] *= 1e9 * BLOCK_PAGES / GIB;
        collapse[i] *= 1e9 * BLOCK_PAGES / GIB;
        zap(0, GIB, GIB);
    }
    say_median("split_ns", split);
    say_median("collapse_ns", collapse);
}

static void sizes(void)
{
    for (unsigned level = 0; level < 2; level++) {
        fill(0, GIB, level);
        say(level ? "tables_2m" : "tables_4k", (double)(at_load(&vm.tdp.tables) * PAGE_SIZE));
        zap(0, GIB, GIB);
    }
}

int main(void)
{
    fake_setup(NULL);
    fake.cpus = 2;
    epoch_init(&epoch);
    inv_init(&vm.inv);
    tdp_init(&vm.tdp, &vm, &tdp_npt, &epoch);
    root = tdp_root_get(&vm.tdp, 0);
    check(root, "there is memory for a root");
    faults();
    scans();
    blocks();
    sizes();
    tdp_root_put(&vm.tdp, root);
    tdp_cache_drain(&cache);
    tdp_destroy(&vm.tdp);
    return fake_teardown(NULL) ? 1 : 0;
}
