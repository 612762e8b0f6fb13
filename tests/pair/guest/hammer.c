/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hammer.c: does every CPU forget where a page was, before the page's old frame is somebody else's?
 *
 *     hammer [pages=N] [moves=N] [threads=N]
 *
 * Threads write to pages of their own and read them back, without pause, while main() has the host move and take away
 * all of them again and again. What a page holds names the page and counts its writes; a translation that outlives its
 * page shows as a word that is another page's, or older than it should be. Ends with 0, 1 if a word was wrong, 2 if it
 * could not be tried.
 */
#include "guest.h"
#include "karch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define THREADS_MAX  16
#define WORDS        (PAGE_SIZE / sizeof(u64))
#define LULL_NS      200000ull
#define PAGE_FIELD   40 /* the page's number is above, the count of writes below */

static struct {
    u64 pages, moves, threads;
    char *memory;
    u32 *writes; /* by page */
    u32 stop;
    u64 wrong, total;
} test = {.pages = 48, .moves = 20000, .threads = 2};

static u64 *page_words(u64 page)
{
    return (u64 *)(void *)(test.memory + page * PAGE_SIZE);
}

static u64 word_of(u64 page)
{
    return (page + 1) << PAGE_FIELD | test.writes[page];
}

static void look(u64 page, u64 at)
{
    u64 seen = at_load(page_words(page) + at);

    if (seen != word_of(page) && at_add(&test.wrong, 1) == 1)
        printf("hammer: page %lu holds %lx where %lx was written\n", page, seen, word_of(page));
}

/* Every `threads`-th page is this thread's. */
static void hammer(void *arg)
{
    u64 me = (u64)(uintptr_t)arg, n = 0;

    while (!at_load(&test.stop)) {
        u64 page = me + n * 17 % (test.pages / test.threads) * test.threads, at = n % WORDS;

        look(page, 0);
        look(page, WORDS - 1);
        test.writes[page]++;
        at_store(page_words(page), word_of(page));
        at_store(page_words(page) + WORDS - 1, word_of(page));
        if (at && at < WORDS - 1)
            at_store(page_words(page) + at, n);
        n++;
    }
    at_add(&test.total, n);
}

static struct fl_stats stats(void)
{
    struct fl_stats s;

    if (!host_stats(&s, 0))
        exit(STATUS_USAGE);
    return s;
}

/* A few pages at a time, as the host does it; every eighth round the pages are taken away as well. */
static void shake(void)
{
    u64 bytes = test.pages * PAGE_SIZE, moved = stats().migrations, start = moved;

    for (u64 round = 0; moved - start < test.moves; round++) {
        u64 at = round * 61 % test.pages * PAGE_SIZE;

        (void)karch_hypercall(FL_HC_MIGRATE, (u64)(uintptr_t)test.memory + at, bytes - at);
        if (round % 8 == 0)
            (void)karch_hypercall(FL_HC_EVICT, (u64)(uintptr_t)test.memory + at, bytes - at);
        if (round % 64 == 0)
            moved = stats().migrations;
        for (u64 end = time_ns() + LULL_NS; time_ns() < end;)
            ; /* translations are made, and used, in between */
    }
}

static bool read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "pages=", 6))
            test.pages = strtoul(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "moves=", 6))
            test.moves = strtoul(argv[i] + 6, NULL, 10);
        else if (!strncmp(argv[i], "threads=", 8))
            test.threads = strtoul(argv[i] + 8, NULL, 10);
    }
    test.writes = calloc(test.pages, sizeof(*test.writes));
    test.memory = aligned_alloc(PAGE_SIZE, test.pages * PAGE_SIZE);
    return test.writes && test.memory && test.threads >= 1 && test.threads <= THREADS_MAX &&
           test.pages >= test.threads && host_offers_calls();
}

int main(int argc, char **argv)
{
    struct thread *thread[THREADS_MAX];
    struct fl_stats s;

    if (!read_options(argc, argv)) {
        printf("hammer: needs our host, memory for the pages, and 1 to %u threads\n", THREADS_MAX);
        return STATUS_USAGE;
    }
    for (u64 p = 0; p < test.pages; p++)
        page_words(p)[0] = page_words(p)[WORDS - 1] = word_of(p);
    for (u64 i = 0; i < test.threads; i++) {
        thread[i] = thread_create(hammer, (void *)(uintptr_t)i);
        if (!thread[i])
            return STATUS_USAGE;
    }
    shake();
    at_store(&test.stop, 1);
    for (u64 i = 0; i < test.threads; i++)
        thread_join(thread[i]);
    for (u64 p = 0; p < test.pages; p++) {
        look(p, 0);
        look(p, WORDS - 1);
    }
    s = stats();
    printf("hammer: %lu writes, %lu pages moved, %lu taken away: %lu wrong\n", test.total, s.migrations,
           s.evictions, test.wrong);
    return test.wrong ? STATUS_WRONG : 0;
}
