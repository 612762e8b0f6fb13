/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * huge.c: does the host map whole blocks of memory by one leaf, take pages out of them, and make them whole again?
 *
 *     huge [blocks=N] [rounds=N]
 *
 * Fills N blocks of 2 MiB page by page; has the mappings taken away, and counts the faults until everything is mapped
 * again; has one page of each block evicted, and looks whether the block becomes one leaf again. A second thread writes
 * in the same blocks all the time. Ends with 0, 1 if memory was wrong or a figure was, 2 if it could not be tried.
 */
#include "guest.h"
#include "karch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK        (2ul << 20)
#define BLOCK_PAGES  (BLOCK / PAGE_SIZE)
#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define HOT          (PAGE_SIZE / 2) /* offset in a page of the word that the other thread counts in */

static struct {
    u64 blocks, rounds;
    char *memory;
    u32 stop;
    u64 wrong;
} test = {.blocks = 4, .rounds = 3};

static u64 *word(u64 page, u64 offset)
{
    return (u64 *)(void *)(test.memory + page * PAGE_SIZE + offset);
}

static struct fl_stats stats(void)
{
    struct fl_stats s;

    if (!host_stats(&s, 0))
        exit(STATUS_USAGE);
    return s;
}

/* Counts upwards in a word of every page, so that every page is written while it is moved about. */
static void scribble(void *arg)
{
    u64 n = 0;

    (void)arg;
    while (!at_load(&test.stop)) {
        u64 page = n++ * 7 % (test.blocks * BLOCK_PAGES);

        at_store(word(page, HOT), at_load(word(page, HOT)) + 1);
        at_store(word(page, HOT + 8), at_load(word(page, HOT + 8)) + 1);
    }
}

static void read_all(void)
{
    for (u64 p = 0; p < test.blocks * BLOCK_PAGES; p++)
        test.wrong += at_load(word(p, 0)) != p;
}

/* Faults that were not sent back because the host was just unmapping. */
static u64 faults(const struct fl_stats *from, const struct fl_stats *to)
{
    return to->tdp_faults - from->tdp_faults - (to->tdp_retries - from->tdp_retries);
}

static bool expect(const char *what, bool holds, const struct fl_stats *from, const struct fl_stats *to)
{
    printf("huge: %s: %lu faults, %lu huge maps, %lu collapses, %lu evictions%s\n", what, faults(from, to),
           to->huge_maps - from->huge_maps, to->collapses - from->collapses, to->evictions - from->evictions,
           holds ? "" : ": WRONG");
    return holds;
}

static bool fill(void)
{
    struct fl_stats from = stats(), to;

    for (u64 p = 0; p < test.blocks * BLOCK_PAGES; p++)
        *word(p, 0) = p;
    to = stats();
    return expect("filled", to.collapses - from.collapses >= test.blocks, &from, &to);
}

/* One fault of each CPU maps a block, and the guest's own pages a few more. */
static bool map_again(void)
{
    struct fl_stats from = stats(), to;

    (void)karch_hypercall(FL_HC_UNMAP, (u64)(uintptr_t)test.memory, test.blocks * BLOCK);
    read_all();
    to = stats();
    return expect("unmapped and read",
                  to.huge_maps - from.huge_maps >= test.blocks && faults(&from, &to) < test.blocks * 16,
                  &from, &to);
}

static bool break_and_mend(void)
{
    struct fl_stats from = stats(), to;

    for (u64 b = 0; b < test.blocks; b++)
        if (!host_evict(test.memory + b * BLOCK + 5 * PAGE_SIZE, PAGE_SIZE))
            exit(STATUS_USAGE);
    read_all();
    to = stats();
    return expect("one page of each evicted, and read",
                  to.collapses - from.collapses + to.huge_maps - from.huge_maps >= test.blocks &&
                      faults(&from, &to) < test.blocks * (BLOCK_PAGES + 32),
                  &from, &to);
}

int main(int argc, char **argv)
{
    struct thread *other;
    char *all;
    bool good;

    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "blocks=", 7))
            test.blocks = strtoul(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "rounds=", 7))
            test.rounds = strtoul(argv[i] + 7, NULL, 10);
    }
    all = malloc((test.blocks + 1) * BLOCK);
    if (!all || !test.blocks || !host_offers_calls()) {
        printf("huge: needs our host, and memory for %lu blocks\n", test.blocks + 1);
        return STATUS_USAGE;
    }
    test.memory = (char *)ROUND_UP((uintptr_t)all, BLOCK);
    good = fill();
    other = thread_create(scribble, NULL);
    if (!other)
        return STATUS_USAGE;
    for (u64 i = 0; i < test.rounds && good; i++)
        good = map_again() && break_and_mend();
    at_store(&test.stop, 1);
    thread_join(other);
    for (u64 p = 0; p < test.blocks * BLOCK_PAGES; p++)
        test.wrong += *word(p, 0) != p || *word(p, HOT) != *word(p, HOT + 8);
    printf("huge: %lu blocks, %lu rounds: %lu wrong\n", test.blocks, test.rounds, test.wrong);
    return good && !test.wrong ? 0 : STATUS_WRONG;
}
