/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waits.c: do threads that wait for pages always wake up?
 *
 *     waits [waits=N] [threads=N] [stuck=SECONDS] [storm=toggle|evict|move|miss]
 *
 * Threads read random pages of the boot module, of which each holds nothing but its own number, until so many events
 * have told of an absent page. Without asynchronous page faults, until so many pages were read. A watchdog tells of a
 * thread that has waited for one page for too long. In a storm, main() meanwhile switches asynchronous page faults off
 * and on, or has the host take away whatever memory it can, or makes pages of the module go missing (abi/testhook.h),
 * or has the module moved by one page to and fro: then each page but the first one, which is left alone, shows its own
 * number or its neighbour's. Ends with 0, 1 if a page was wrong or a thread was stuck, 2 if it could not be tried.
 */
#include "abi/testhook.h"
#include "cpu.h"
#include "guest.h"
#include "karch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define SECOND_NS    1000000000ull
#define WORDS        (PAGE_SIZE / sizeof(u64))
#define CALM_NS      (SECOND_NS / 20)
#define STORM_NS     (SECOND_NS / 200)
#define EVICT_CALLS  64
#define MOVE_CALLS   1000
#define MISS_CALLS   64
#define THREADS_MAX  (MAX_THREADS - 1)

static struct {
    u64 waits, threads, stuck_s;
    bool toggle, evict, move, miss;
    const u64 *module;
    u64 pages, moves, misses;
    u32 stop;
    u64 wrong;
} test = {.waits = 5000, .threads = 4, .stuck_s = 20};

static struct reader {
    u64 page;                /* that it reads now */
    u64 reads;               /* so far */
    u64 seen_reads, seen_ns; /* by the watchdog */
    u64 random;
    struct thread *thread;
} readers[THREADS_MAX];

static u64 next_random(struct reader *r)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    return r->random ^= r->random << 17;
}

/* Does this word belong where it was read? */
static bool belongs(u64 word, u64 page)
{
    return word == page || (test.move && word == page - 1);
}

static void read_pages(void *arg)
{
    struct reader *r = arg;

    while (!at_load(&test.stop)) {
        u64 first = test.move, page = first + next_random(r) % (test.pages - first);
        const volatile u64 *p = test.module + page * WORDS;
        u64 head, tail;

        at_store(&r->page, page);
        head = p[0];
        tail = p[WORDS - 1];
        if ((!belongs(head, page) || !belongs(tail, page)) && at_add(&test.wrong, 1) == 1)
            printf("waits: page %lu holds %lx and %lx\n", page, head, tail);
        at_store(&r->reads, r->reads + 1);
    }
}

/* What `waits=` counts. */
static u64 waited(void)
{
    u64 n = 0;

    if (pvapf_dialect() != APF_ABSENT)
        return pvapf_counters().not_present;
    for (unsigned i = 0; i < test.threads; i++)
        n += at_load(&readers[i].reads);
    return n;
}

static bool someone_is_stuck(u64 now)
{
    bool stuck = false;

    for (unsigned i = 0; i < test.threads; i++) {
        struct reader *r = &readers[i];
        u64 reads = at_load(&r->reads);

        if (reads != r->seen_reads) {
            r->seen_reads = reads;
            r->seen_ns = now;
        } else if (now - r->seen_ns > test.stuck_s * SECOND_NS) {
            printf("waits: thread %u is stuck at page %lu after %lu reads\n", i, at_load(&r->page), reads);
            stuck = true;
        }
    }
    return stuck;
}

/* The host refuses while a page of the module is being read: try again. */
static void move_module(void)
{
    u64 from = (u64)(uintptr_t)test.module + test.moves % 2 * PAGE_SIZE, to = from ^ PAGE_SIZE;

    for (unsigned i = 0; i < MOVE_CALLS; i++)
        if (!karch_hypercall(FL_HC_SLOT_MOVE, from, to)) {
            test.moves++;
            return;
        }
}

static u32 hook(u32 command, u64 page, u32 value)
{
    out32(HOOK_PORT_PAGE, (u32)((u64)(uintptr_t)test.module / PAGE_SIZE + page));
    out32(HOOK_PORT_VALUE, value);
    out32(HOOK_PORT_COMMAND, command);
    return in32(HOOK_PORT_COMMAND);
}

/* Some pages for a moment, some until the next call, which gives back what there is, or fails to. */
static void miss_pages(void)
{
    static struct reader mine = {.random = 1};
    static u64 page[MISS_CALLS];

    for (unsigned i = 0; i < MISS_CALLS; i++) {
        hook(i % 3 ? HOOK_DONE : HOOK_FAIL, page[i], i % 5 * 100);
        page[i] = next_random(&mine) % test.pages;
        test.misses += hook(HOOK_MISS, page[i], i % 2 ? HOOK_HOLD : i * 50) == 0;
    }
}

static void storm(void)
{
    if (test.miss)
        miss_pages();
    if (test.move)
        move_module();
    if (test.toggle) {
        pvapf_enable(false);
        pvapf_enable(true);
    }
    for (unsigned i = 0; test.evict && i < EVICT_CALLS; i++)
        karch_hypercall(FL_HC_EVICT, 0, ~0ull);
    thread_sleep(test.toggle || test.evict || test.move || test.miss ? STORM_NS : CALM_NS);
}

/* False: a thread was stuck. */
static bool watch(u64 start)
{
    u64 due = start, before = 0;

    for (;;) {
        u64 now = time_ns(), n = waited();

        if (n >= test.waits)
            return true;
        if (now >= due) {
            printf("waits: %lu of %lu, %lu per second\n", n, test.waits, due == start ? 0 : n - before);
            before = n;
            due += SECOND_NS;
        }
        if (someone_is_stuck(now))
            return false;
        storm();
    }
}

/* The host's and the guest's, of one moment: nobody waited for anything in between. */
static void print_counters(void)
{
    struct apf_counters g;
    struct fl_stats h;
    bool ours;

    do {
        g = pvapf_counters();
        ours = host_stats(&h, 0);
    } while (pvapf_counters().not_present != g.not_present);
    printf("waits: guest: not_present=%lu ready=%lu wake_all=%lu halt_waits=%lu duplicates=%lu\n",
           g.not_present, g.ready, g.wake_all, g.halt_waits, g.duplicates);
    if (ours)
        printf("waits: host: not_present=%lu ready=%lu dropped=%lu wake_all=%lu apf_halts=%lu sync_waits=%lu "
               "reads=%lu "
               "evictions=%lu inflight_max=%lu\n",
               h.not_present, h.ready, h.dropped, h.wake_all, h.apf_halts, h.sync_waits, h.reads, h.evictions,
               h.inflight_max);
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "waits=", 6))
            test.waits = strtoul(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "threads=", 8))
            test.threads = strtoul(argv[i] + 8, NULL, 10);
        else if (!strncmp(argv[i], "stuck=", 6))
            test.stuck_s = strtoul(argv[i] + 6, NULL, 10);
        else if (!strcmp(argv[i], "storm=toggle"))
            test.toggle = true;
        else if (!strcmp(argv[i], "storm=evict"))
            test.evict = true;
        else if (!strcmp(argv[i], "storm=move"))
            test.move = true;
        else if (!strcmp(argv[i], "storm=miss"))
            test.miss = in32(HOOK_PORT_ID) == HOOK_ID;
    }
}

int main(int argc, char **argv)
{
    u64 bytes, start, ns;

    read_options(argc, argv);
    test.module = module_data(0, &bytes);
    test.pages = test.module ? bytes / PAGE_SIZE : 0;
    if (test.pages < 2 || test.threads < 1 || test.threads > THREADS_MAX) {
        printf("waits: needs a module of at least two pages, and 1 to %u threads\n", THREADS_MAX);
        return STATUS_USAGE;
    }
    start = time_ns();
    for (unsigned i = 0; i < test.threads; i++) {
        readers[i].random = 0x9e3779b97f4a7c15ull * (i + 1);
        readers[i].seen_ns = start;
        readers[i].thread = thread_create(read_pages, &readers[i]);
        if (!readers[i].thread) {
            printf("waits: not enough memory for %lu threads\n", test.threads);
            return STATUS_USAGE;
        }
    }
    if (!watch(start))
        return STATUS_WRONG;
    at_store(&test.stop, 1);
    for (u64 page = 0; test.miss && page < test.pages; page++)
        hook(HOOK_DONE, page, 0);
    for (unsigned i = 0; i < test.threads; i++)
        thread_join(readers[i].thread);
    ns = time_ns() - start;
    if (test.move)
        printf("waits: moved %lu times\n", test.moves);
    if (test.miss)
        printf("waits: %lu pages went missing\n", test.misses);
    print_counters();
    printf("waits: %lu waits in %.1f s, %.0f per second: %lu wrong\n", waited(), (double)ns / SECOND_NS,
           (double)waited() * SECOND_NS / (double)ns, test.wrong);
    return test.wrong ? STATUS_WRONG : 0;
}
