/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx.c: does a fetch from a block that the host maps by one leaf split it, and does the host make it whole again?
 *
 *     nx [blocks=N] [rounds=N] [expect=split|whole] [switch=on|refused]
 *
 * Fills N blocks of 2 MiB; each page begins with a function that returns the page's number. Each round calls one
 * function of each block, and then only reads until the host has given back the small leaves that this has cost: that
 * must take hardly a fault, and the next round's calls must split every block anew. With expect=whole no call may split
 * anything. With switch=on each round begins by switching the mitigation off and on; with switch=refused that must not
 * be possible. A second thread writes in the same blocks all the time. Ends with 0, 1 if memory or a figure was wrong,
 * 2 if it could not be tried.
 */
#include "guest.h"
#include "karch.h"
#include "abi/kvm_hypercall.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK        (2ul << 20)
#define BLOCK_PAGES  (BLOCK / PAGE_SIZE)
#define STATUS_WRONG 1
#define STATUS_USAGE 2
#define HOT          (PAGE_SIZE / 2) /* offset in a page of the words that the other thread counts in */
#define MS           1000000ull
#define PERIOD_MS    20
#define PERIODS      10
#define PACE         (1ull << 32 | PERIOD_MS) /* all of it, every 20 ms */
#define FAULTS       64                       /* for a block, at most; some for the guest's own code */
#define PATIENCE     (20000 * MS)

static struct {
    u64 blocks, rounds;
    bool whole, switches, refused;
    u8 *memory;
    u32 stop;
    u64 wrong;
} test = {.blocks = 4, .rounds = 3};

static u8 *page_at(u64 page)
{
    return test.memory + page * PAGE_SIZE;
}

static u64 *hot(u64 page, unsigned i)
{
    return (u64 *)(void *)(page_at(page) + HOT) + i;
}

static struct fl_stats stats(void)
{
    struct fl_stats s;

    if (!host_stats(&s, 0))
        exit(STATUS_USAGE);
    return s;
}

/* mov $page, %eax; ret */
static void write_code(u64 page)
{
    u8 *at = page_at(page);
    u32 number = (u32)page;

    at[0] = 0xb8;
    memcpy(at + 1, &number, sizeof(number));
    at[5] = 0xc3;
}

static void call(u64 page)
{
    u32 (*code)(void) = (u32(*)(void))(uintptr_t)page_at(page);

    test.wrong += code() != page;
}

static void read_all(void)
{
    for (u64 p = 0; p < test.blocks * BLOCK_PAGES; p++)
        test.wrong += at_load(page_at(p)) != 0xb8;
}

static void scribble(void *arg)
{
    (void)arg;
    for (u64 n = 0; !at_load(&test.stop); n++) {
        u64 page = n * 7 % (test.blocks * BLOCK_PAGES);

        at_store(hot(page, 0), at_load(hot(page, 0)) + 1);
        at_store(hot(page, 1), at_load(hot(page, 1)) + 1);
    }
}

static bool expect(const char *what, bool holds, const struct fl_stats *from, const struct fl_stats *to)
{
    printf("nx: %s: %lu faults, %lu splits, %lu given back, %lu listed%s\n", what,
           to->tdp_faults - from->tdp_faults, to->nx_splits - from->nx_splits,
           to->nx_recovered - from->nx_recovered, to->nx_listed, holds ? "" : ": WRONG");
    return holds;
}

/*
 * The guest's own code is in such blocks too. They are split as often as they are given back, so that what was listed
 * before them is surely gone some periods after as many have gone as were listed.
 * A block that was given back just before its code is called again is first touched by a fetch, and then faults page by
 * page, once each.
 */
static bool read_until_healed(const struct fl_stats *from)
{
    u64 end = time_ns() + PATIENCE, given_back;
    struct fl_stats to;

    do {
        thread_sleep(PERIODS * PERIOD_MS * MS);
        read_all();
        to = stats();
        given_back = to.nx_recovered - from->nx_recovered;
    } while (given_back < test.blocks && time_ns() < end);
    thread_sleep(PERIODS * PERIOD_MS * MS);
    read_all();
    to = stats();
    return expect("read",
                  given_back >= test.blocks &&
                      to.tdp_faults - from->tdp_faults < test.blocks * (BLOCK_PAGES + FAULTS),
                  from, &to);
}

static bool run_code(u64 round)
{
    struct fl_stats from = stats(), to;
    u64 splits;

    for (u64 b = 0; b < test.blocks; b++)
        call(b * BLOCK_PAGES + (round * 37 + b) % BLOCK_PAGES);
    to = stats();
    splits = to.nx_splits - from.nx_splits;
    return expect("called", test.whole ? !splits : splits >= test.blocks, &from, &to) &&
           (test.whole || read_until_healed(&from));
}

static bool set_nx(u64 on)
{
    s64 got = karch_hypercall(FL_HC_NX, on, PACE), want = on && test.refused ? -PV_EOPNOTSUPP : 0;

    if (got != want)
        printf("nx: switching to %lu: %ld instead of %ld: WRONG\n", on, got, want);
    return got == want;
}

static bool one_round(u64 round)
{
    if ((test.switches || test.refused) && (!set_nx(0) || !set_nx(1)))
        return false;
    read_all(); /* as data, by one leaf each */
    return run_code(round);
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "blocks=", 7))
            test.blocks = strtoul(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "rounds=", 7))
            test.rounds = strtoul(argv[i] + 7, NULL, 10);
        else if (!strcmp(argv[i], "expect=whole"))
            test.whole = true;
        else if (!strcmp(argv[i], "switch=on"))
            test.switches = true;
        else if (!strcmp(argv[i], "switch=refused"))
            test.refused = true;
    }
}

int main(int argc, char **argv)
{
    struct thread *other;
    bool good = true;
    u8 *all;

    read_options(argc, argv);
    all = malloc((test.blocks + 1) * BLOCK);
    if (!all || !test.blocks || !host_offers_calls()) {
        printf("nx: needs our host, and memory for %lu blocks\n", test.blocks + 1);
        return STATUS_USAGE;
    }
    test.memory = (u8 *)ROUND_UP((uintptr_t)all, BLOCK);
    for (u64 p = 0; p < test.blocks * BLOCK_PAGES; p++)
        write_code(p);
    other = thread_create(scribble, NULL);
    if (!other)
        return STATUS_USAGE;
    for (u64 i = 0; i < test.rounds && good; i++)
        good = one_round(i);
    at_store(&test.stop, 1);
    thread_join(other);
    for (u64 p = 0; p < test.blocks * BLOCK_PAGES; p++) {
        call(p);
        test.wrong += *hot(p, 0) != *hot(p, 1);
    }
    printf("nx: %lu blocks, %lu rounds: %lu wrong\n", test.blocks, test.rounds, test.wrong);
    return good && !test.wrong ? 0 : STATUS_WRONG;
}
