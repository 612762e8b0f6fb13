/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * precopy.c: is a copy that the host makes of us, while all of us write, what our memory is?
 *
 *     precopy [mem=MIB] [threads=N] [copies=N] [rest=MS] [rounds=N] [mode=best|protect|bits]
 *
 * Threads write pages in an order of their own and look that what they wrote last is there; main() has one copy made
 * after the other, each of which the host compares with memory while the guest stands still. Ends with 0, 1 if a copy
 * or a page was wrong, 2 if it could not be tried.
 */
#include "guest.h"
#include "karch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define WORDS        (PAGE_SIZE / sizeof(u64))
#define POLL_NS      5000000ull
#define THREADS_MAX  16
#define BURST        64 /* pages that a thread writes before it lets another one write */

static struct {
    u64 pages, threads, copies, rest_ms, rounds;
    enum fl_precopy_call call;
    u64 *memory;
    u32 stop;
    u64 wrong, written;
} test = {.pages = 4 * MiB / PAGE_SIZE, .threads = 4, .copies = 3, .call = FL_PRECOPY_START};

static struct writer {
    u64 random, count;
    u64 *want; /* of each of its pages: what was written last */
    struct thread *thread;
} writers[THREADS_MAX];

static u64 next_random(struct writer *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    return w->random ^= w->random << 17;
}

/* Page i of this writer: its neighbours are others'. */
static volatile u64 *page_of(const struct writer *w, u64 i)
{
    return test.memory + (i * test.threads + (u64)(w - writers)) * WORDS;
}

static void write_pages(void *arg)
{
    struct writer *w = arg;

    while (!at_load(&test.stop)) {
        u64 i = next_random(w) % (test.pages / test.threads), word = next_random(w) % (WORDS - 1);
        volatile u64 *page = page_of(w, i);

        if (page[WORDS - 1] != w->want[i])
            at_add(&test.wrong, 1);
        page[word] = w->random;
        page[WORDS - 1] = w->want[i] = ++w->count;
        if (w->count % BURST)
            continue;
        if (test.rest_ms)
            thread_sleep(test.rest_ms * 1000000); /* so that a round can be small */
        else
            thread_yield();
    }
    at_add(&test.written, w->count);
}

/* One copy; false: it was not made. */
static bool copy(struct fl_precopy *report)
{
    static struct fl_precopy area __attribute__((aligned(128)));
    s64 r = karch_hypercall(FL_HC_PRECOPY, test.call, test.rounds);

    if (r) {
        printf("precopy: the host answers %ld\n", r);
        return false;
    }
    do {
        thread_sleep(POLL_NS);
        r = karch_hypercall(FL_HC_PRECOPY, FL_PRECOPY_REPORT, (u64)(uintptr_t)&area);
    } while (!r && area.state == FL_PRECOPY_RUNS);
    *report = area;
    return !r && area.state == FL_PRECOPY_DONE;
}

static bool start_writers(void)
{
    for (unsigned i = 0; i < test.threads; i++) {
        struct writer *w = &writers[i];

        w->random = 0x9e3779b97f4a7c15ull * (i + 1);
        w->want = calloc(test.pages / test.threads, sizeof(u64));
        w->thread = w->want ? thread_create(write_pages, w) : NULL;
        if (!w->thread)
            return false;
    }
    return true;
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "mem=", 4))
            test.pages = strtoul(argv[i] + 4, NULL, 10) * MiB / PAGE_SIZE;
        else if (!strncmp(argv[i], "threads=", 8))
            test.threads = strtoul(argv[i] + 8, NULL, 10);
        else if (!strncmp(argv[i], "copies=", 7))
            test.copies = strtoul(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "rest=", 5))
            test.rest_ms = strtoul(argv[i] + 5, NULL, 10);
        else if (!strncmp(argv[i], "rounds=", 7))
            test.rounds = strtoul(argv[i] + 7, NULL, 10);
        else if (!strcmp(argv[i], "mode=protect"))
            test.call = FL_PRECOPY_START_WRITE_PROTECT;
        else if (!strcmp(argv[i], "mode=bits"))
            test.call = FL_PRECOPY_START_DIRTY_BIT;
    }
}

int main(int argc, char **argv)
{
    struct fl_precopy r;
    struct fl_stats stats = {0};
    u64 mismatches = 0, done = 0, rounds = 0, running = 0, paused = 0;

    read_options(argc, argv);
    if (!host_offers_calls() || test.threads < 1 || test.threads > THREADS_MAX ||
        !(test.memory = aligned_alloc(PAGE_SIZE, test.pages * PAGE_SIZE))) {
        printf("precopy: needs our host, 1 to %u threads and %lu pages\n", THREADS_MAX, test.pages);
        return STATUS_USAGE;
    }
    memset(test.memory, 0, test.pages * PAGE_SIZE);
    if (!start_writers()) {
        printf("precopy: not enough memory for %lu threads\n", test.threads);
        return STATUS_USAGE;
    }
    for (; done < test.copies && copy(&r); done++) {
        printf("precopy: %lu rounds, first %lu pages, all %lu, paused %lu (%lu us), zero %lu, source %lu, "
               "bytes %lu: "
               "%lu differ\n",
               r.rounds, r.first, r.running, r.paused, r.pause_ns / 1000, r.zero, r.source, r.bytes,
               r.mismatches);
        mismatches += r.mismatches;
        rounds += r.rounds;
        running += r.running;
        paused += r.paused;
    }
    at_store(&test.stop, 1);
    for (unsigned i = 0; i < test.threads; i++)
        thread_join(writers[i].thread);
    printf("precopy: guest: written=%lu wrong=%lu\n", test.written, test.wrong);
    host_stats(&stats, 0);
    printf("precopy: host: copies=%lu evictions=%lu rounds=%lu running=%lu paused=%lu mismatches=%lu\n", done,
           stats.evictions, rounds, running, paused, mismatches);
    return mismatches || test.wrong || done < test.copies ? STATUS_WRONG : 0;
}
