/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saves.c: does everything go on when the host saves us and makes a new VM of what it saved?
 *
 *     saves [threads=N] [times=N] [mode=go-on|stop|keep] [expect=ERROR] [stuck=SECONDS]
 *
 * Threads read random pages of the boot module, of which each holds nothing but its own number, and count in memory of
 * their own; one more does nothing but sleep. main() has the host save us, times= in a row, and each time waits until
 * every one of them has gone on several times. Time must not go back, nor a timer be lost. Ends with 0, 1 if something
 * was wrong or stuck, 2 if it could not be tried; with mode=stop at the first save with status 7.
 */
#include "guest.h"
#include "karch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define STATUS_SAVED 7
#define SECOND_NS    1000000000ull
#define NAP_NS       2000000ull
#define WORDS        (PAGE_SIZE / sizeof(u64))
#define OWN_PAGES    8 /* that each thread writes to */
#define GOES_ON      5 /* so many reads show that a thread does */
#define THREADS_MAX  64

static struct {
    u64 threads, times, stuck_s;
    enum fl_save_call mode;
    s64 expect;
    const u64 *module;
    u64 pages, wrong, naps;
    u64 lost; /* events that told of an absent page and were saved away before they told of its arrival */
    u32 stop;
} test = {.threads = 32, .times = 1, .stuck_s = 20, .expect = 1};

static struct reader {
    u64 page, reads, seen, random;
    u64 *own; /* word i of page p is the number of the read that wrote it */
    u64 wrote[OWN_PAGES];
    struct thread *thread;
} readers[THREADS_MAX];

static u64 next_random(struct reader *r)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    return r->random ^= r->random << 17;
}

static void say_wrong(const char *what, u64 page, u64 has, u64 wants)
{
    if (at_add(&test.wrong, 1) == 1)
        printf("saves: %s %lu holds %lx instead of %lx\n", what, page, has, wants);
}

static void read_pages(void *arg)
{
    struct reader *r = arg;

    while (!at_load(&test.stop)) {
        u64 page = next_random(r) % test.pages, own = next_random(r) % OWN_PAGES;
        const volatile u64 *p = test.module + page * WORDS;
        volatile u64 *mine = r->own + own * WORDS;

        at_store(&r->page, page);
        if (p[0] != page || p[WORDS - 1] != page)
            say_wrong("page", page, p[0], page);
        if (mine[own] != r->wrote[own])
            say_wrong("own page", own, mine[own], r->wrote[own]);
        mine[own] = r->wrote[own] = r->reads + 1;
        at_store(&r->reads, r->reads + 1);
    }
}

static void nap(void *unused)
{
    (void)unused;
    while (!at_load(&test.stop)) {
        thread_sleep(NAP_NS);
        at_add(&test.naps, 1);
    }
}

/* How many have not gone on since. */
static unsigned behind(u64 naps)
{
    unsigned n = at_load(&test.naps) < naps + GOES_ON;

    for (unsigned i = 0; i < test.threads; i++)
        n += at_load(&readers[i].reads) < readers[i].seen + GOES_ON;
    return n;
}

static bool all_go_on(void)
{
    u64 start = time_ns(), naps = at_load(&test.naps);

    for (unsigned i = 0; i < test.threads; i++)
        readers[i].seen = at_load(&readers[i].reads);
    while (behind(naps)) {
        if (time_ns() - start > test.stuck_s * SECOND_NS) {
            printf("saves: %u threads are stuck\n", behind(naps));
            return false;
        }
        thread_sleep(NAP_NS);
    }
    return true;
}

static bool save(u64 i)
{
    struct apf_counters c = pvapf_counters();
    u64 before = time_ns(), after;
    s64 r = karch_hypercall(FL_HC_SAVE, test.mode, test.mode == FL_SAVE_STOP ? STATUS_SAVED : 0);

    after = time_ns();
    printf("saves: save %lu: the host answers %ld; %lu were parked; %ld ms\n", i, r,
           c.not_present - c.ready - test.lost, (s64)(after - before) / 1000000);
    if (r == 1)
        test.lost = c.not_present - c.ready;
    if (r == test.expect && after >= before && after - before < test.stuck_s * SECOND_NS)
        return true;
    printf("saves: expected %ld, and time to go on\n", test.expect);
    return false;
}

static bool start_threads(void)
{
    for (unsigned i = 0; i < test.threads; i++) {
        struct reader *r = &readers[i];

        r->random = 0x9e3779b97f4a7c15ull * (i + 1);
        r->own = aligned_alloc(PAGE_SIZE, OWN_PAGES * PAGE_SIZE);
        if (!r->own)
            return false;
        memset(r->own, 0, OWN_PAGES * PAGE_SIZE);
        r->thread = thread_create(read_pages, r);
        if (!r->thread)
            return false;
    }
    return true;
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "threads=", 8))
            test.threads = strtoul(argv[i] + 8, NULL, 10);
        else if (!strncmp(argv[i], "times=", 6))
            test.times = strtoul(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "expect=", 7))
            test.expect = strtol(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "stuck=", 6))
            test.stuck_s = strtoul(argv[i] + 6, NULL, 10);
        else if (!strcmp(argv[i], "mode=stop"))
            test.mode = FL_SAVE_STOP;
        else if (!strcmp(argv[i], "mode=keep"))
            test.mode = FL_SAVE_KEEP;
    }
}

int main(int argc, char **argv)
{
    struct thread *sleeper;
    u64 bytes, reads = 0;
    bool well = true;

    read_options(argc, argv);
    test.module = module_data(0, &bytes);
    test.pages = test.module ? bytes / PAGE_SIZE : 0;
    sleeper = thread_create(nap, NULL);
    if (!test.pages || !host_offers_calls() || test.threads > THREADS_MAX || !sleeper || !start_threads()) {
        printf("saves: needs our host, a module and memory for up to %u threads\n", THREADS_MAX);
        return STATUS_USAGE;
    }
    well = all_go_on();
    for (u64 i = 1; well && i <= test.times; i++)
        well = save(i) && all_go_on();
    if (!well)
        return STATUS_WRONG;
    at_store(&test.stop, 1);
    thread_join(sleeper);
    for (unsigned i = 0; i < test.threads; i++) {
        thread_join(readers[i].thread);
        reads += readers[i].reads;
    }
    printf("saves: %lu saves, %lu reads, %lu naps: %lu wrong\n", test.times, reads, test.naps, test.wrong);
    return test.wrong ? STATUS_WRONG : 0;
}
