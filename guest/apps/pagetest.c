/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pagetest.c: does every page keep its content while the host takes pages away and brings them back?
 *
 *     pagetest [mem=BYTES|nK|nM] [threads=N] [rounds=N] [apf=on|off] [crc=HEX]
 *
 * Threads write a pattern of its own into each page, verify it a round later, each time from another thread, and write
 * the next. Beside them one thread computes the CRC-32 of the boot module, as gzip and zlib do, to compare with crc=.
 * Ends with 0 if all was well, 1 if a page was wrong, 2 if it could not be tried.
 */
#include "guest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_WRONG   1
#define STATUS_USAGE   2
#define WORDS          (PAGE_SIZE / sizeof(u64))
#define STRIDE         7919 /* prime: visits pages in an order that no read-ahead guesses */
#define REPORTS_MAX    8
#define CRC_POLYNOMIAL 0xedb88320u

static struct {
    u64 pages;
    unsigned threads, rounds;
    bool apf_off, has_crc;
    u32 crc;
    u64 *memory;
    u64 wrong; /* words, by all threads */
    u32 module_crc;
} test = {.pages = 16 * MiB / PAGE_SIZE, .threads = 8, .rounds = 3};

struct task {
    unsigned thread, round;
};

/* What a word of a page holds after a round (splitmix64's mixer). */
static u64 content(u64 page, u64 word, u64 round)
{
    u64 x = (page << 24 | round << 12 | word) * 0x9e3779b97f4a7c15ull;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    return x ^ x >> 27;
}

static void verify(const u64 *p, u64 page, u64 round)
{
    for (u64 i = 0; i < WORDS; i++) {
        if (p[i] == content(page, i, round))
            continue;
        if (at_add(&test.wrong, 1) <= REPORTS_MAX)
            printf("pagetest: page %lu, round %lu, word %lu: %016lx instead of %016lx\n", page, round, i,
                   p[i], content(page, i, round));
    }
}

/* Verifies what the last round left in the pages whose turn it is, and writes this round's. */
static void walk(void *arg)
{
    const struct task *task = arg;

    for (u64 i = 0; i < test.pages; i++) {
        u64 page = (i * STRIDE + task->thread) % test.pages;
        u64 *p = test.memory + page * WORDS;

        if ((page + task->round) % test.threads != task->thread)
            continue;
        if (task->round > 0)
            verify(p, page, task->round - 1);
        for (u64 w = 0; w < WORDS; w++)
            p[w] = content(page, w, task->round);
    }
}

static void checksum(void *unused)
{
    static u32 table[256];
    u64 bytes;
    const u8 *p = module_data(0, &bytes);
    u32 crc = ~0u;

    (void)unused;
    for (u32 i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? CRC_POLYNOMIAL : 0);
    }
    for (u64 i = 0; p && i < bytes; i++)
        crc = table[(crc ^ p[i]) & 0xff] ^ crc >> 8;
    test.module_crc = ~crc;
}

static bool run_round(unsigned round)
{
    static struct task task[MAX_THREADS];
    struct thread *walker[MAX_THREADS], *reader = thread_create(checksum, NULL);
    unsigned n;

    for (n = 0; n < test.threads; n++) {
        task[n] = (struct task){n, round};
        walker[n] = thread_create(walk, &task[n]);
        if (!walker[n])
            break;
    }
    for (unsigned i = 0; i < n; i++)
        thread_join(walker[i]);
    if (reader)
        thread_join(reader);
    if (test.has_crc && test.module_crc != test.crc) {
        printf("pagetest: round %u: the module's CRC-32 is %08x instead of %08x\n", round, test.module_crc,
               test.crc);
        test.wrong++;
    }
    return n == test.threads && reader;
}

static void print_counters(void)
{
    struct apf_counters g = pvapf_counters();
    struct fl_stats h;

    printf("pagetest: guest: not_present=%lu ready=%lu wake_all=%lu halt_waits=%lu duplicates=%lu\n",
           g.not_present, g.ready, g.wake_all, g.halt_waits, g.duplicates);
    if (host_stats(&h, 0))
        printf(
            "pagetest: host: not_present=%lu ready=%lu dropped=%lu wake_all=%lu apf_halts=%lu sync_waits=%lu "
            "reads=%lu writes=%lu zero_fills=%lu evictions=%lu inflight_max=%lu\n",
            h.not_present, h.ready, h.dropped, h.wake_all, h.apf_halts, h.sync_waits, h.reads, h.writes,
            h.zero_fills, h.evictions, h.inflight_max);
}

static u64 size_of(const char *text)
{
    char *end;
    u64 n = strtoul(text, &end, 10);

    return *end == 'M' ? n * MiB : *end == 'K' ? n * KiB : n;
}

static void read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = strchr(argv[i], '=');

        value = value ? value + 1 : "";
        if (!strncmp(argv[i], "mem=", 4))
            test.pages = size_of(value) / PAGE_SIZE;
        else if (!strncmp(argv[i], "threads=", 8))
            test.threads = (unsigned)size_of(value);
        else if (!strncmp(argv[i], "rounds=", 7))
            test.rounds = (unsigned)size_of(value);
        else if (!strncmp(argv[i], "crc=", 4)) {
            test.has_crc = true;
            test.crc = (u32)strtoul(value, NULL, 16);
        } else if (!strcmp(argv[i], "apf=off"))
            test.apf_off = true;
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    if (test.threads < 1 || test.threads > MAX_THREADS - 2 || !test.pages || test.pages % STRIDE == 0) {
        printf("pagetest: threads must be 1 to %u, mem at least a page and no multiple of %u pages\n",
               MAX_THREADS - 2, STRIDE);
        return STATUS_USAGE;
    }
    test.memory = aligned_alloc(PAGE_SIZE, test.pages * PAGE_SIZE);
    if (!test.memory) {
        printf("pagetest: no %lu pages of memory\n", test.pages);
        return STATUS_USAGE;
    }
    if (test.apf_off)
        pvapf_enable(false);
    for (unsigned round = 0; round < test.rounds; round++) {
        if (!run_round(round)) {
            printf("pagetest: not enough memory for %u threads\n", test.threads);
            return STATUS_USAGE;
        }
        printf("pagetest: round %u of %u done\n", round + 1, test.rounds);
    }
    print_counters();
    printf("pagetest: %lu pages, %u rounds, module CRC-32 %08x: %lu wrong\n", test.pages, test.rounds,
           test.module_crc, test.wrong);
    return test.wrong ? STATUS_WRONG : 0;
}
