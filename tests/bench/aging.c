/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aging.c: does the pager take cold pages? Hits of a guest that runs on it, over those of an oracle.
 *
 * The core is the real one, on the fake machine, with a guest that sets accessed bits as hardware does: when its TLB
 * has no entry. Memory is four times the frames. The oracles see every access and use every frame; the pager sees bits
 * and keeps a sixteenth of its frames free. Prints a line for each trace, for people and for tests/bench/run.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "fake/world.h"
#include "fault.h"
#include "oracle.h"

#define PAGES  4096u
#define FRAMES 1024u
#define LENGTH 300000u
#define TLB    64u
#define FIRST  16u /* gfn of page 0 */

/* ---- Traces ---- */

static double uniform(void)
{
    return rand() / (RAND_MAX + 1.0);
}

static unsigned below(unsigned n)
{
    return (unsigned)(uniform() * n);
}

/* Popularity falls by rank; ranks are scattered over memory. */
static void make_zipf(uint32_t *at)
{
    static double sum[PAGES];
    static uint32_t page[PAGES];

    for (unsigned i = 0; i < PAGES; i++) {
        unsigned j = below(i + 1);

        page[i] = page[j];
        page[j] = i;
        sum[i] = (i ? sum[i - 1] : 0) + pow(i + 1, -0.9);
    }
    for (size_t n = 0; n < LENGTH; n++) {
        double x = uniform() * sum[PAGES - 1];
        unsigned low = 0, high = PAGES - 1;

        while (low < high) {
            unsigned mid = (low + high) / 2;

            if (sum[mid] < x)
                low = mid + 1;
            else
                high = mid;
        }
        at[n] = page[low];
    }
}

/* Half of the accesses go to a hot set, the other half pass over all other pages in order. */
static void make_scan(uint32_t *at)
{
    const unsigned hot = FRAMES / 2;
    unsigned next = 0;

    for (size_t n = 0; n < LENGTH; n++) {
        if (n & 1)
            at[n] = below(hot) * (PAGES / hot);
        else
            at[n] = next = (next + 1) % PAGES;
    }
}

/* A working set somewhat larger than memory, which moves on by a page now and then; its middle is used most. */
static void make_drift(uint32_t *at)
{
    const unsigned set = FRAMES + FRAMES / 4;

    for (size_t n = 0; n < LENGTH; n++)
        at[n] = (unsigned)(n / 40 + (below(set) + below(set)) / 2) % PAGES;
}

/* ---- The guest ---- */

struct player {
    u64 generation; /* of the flush that the TLB is from */
    u64 tlb[TLB];   /* gfn, 0: empty */
    size_t last[PAGES], now;
    bool resident[PAGES];
    size_t evicted, cold; /* … of them were in the half that was used longest ago */
};

static struct player player;

static void use(gfn_t g)
{
    struct vm *vm = world.vm;
    u64 *leaf, *slot = &player.tlb[g.v % TLB];

    if (player.generation != vm->flush_generation)
        memset(player.tlb, 0, sizeof(player.tlb));
    player.generation = vm->flush_generation;
    if (*slot == g.v)
        return;
    while (!(leaf = world_leaf(g)) || !(*leaf & WORLD_P)) {
        fault_handle(world.v, gfn_gpa(g), ACCESS_READ);
        (void)pager_reclaim(vm); /* as the CPU's loop does before it enters again */
    }
    *leaf |= WORLD_A;
    *slot = g.v;
}

static int compare(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return x < y ? -1 : x > y;
}

/* Were those that are gone used longer ago than the median of what was there? */
static void judge_evictions(void)
{
    static size_t age[PAGES];
    unsigned count = 0;

    for (unsigned i = 0; i < PAGES; i++)
        if (player.resident[i])
            age[count++] = player.last[i];
    qsort(age, count, sizeof(*age), compare);
    for (unsigned i = 0; i < PAGES; i++) {
        bool in = world_state((gfn_t){FIRST + i}) == PAGE_RESIDENT;

        if (player.resident[i] && !in) {
            player.evicted++;
            player.cold += player.last[i] < age[count / 2];
        }
        player.resident[i] = in;
    }
}

static size_t play(const struct trace *t)
{
    struct fl_stats *s;

    world_make(&(struct world_config){.frames = FRAMES, .memory = FIRST + PAGES});
    s = &world.vm->stats;
    player = (struct player){.now = 0};
    for (size_t n = 0; n < t->length; n++) {
        u64 evictions = s->evictions, loads = s->zero_fills;

        use((gfn_t){FIRST + t->at[n]});
        if (s->evictions != evictions)
            judge_evictions();
        else if (s->zero_fills != loads)
            player.resident[t->at[n]] = true;
        player.last[t->at[n]] = n + 1;
    }
    return t->length - s->zero_fills;
}

static void row(const char *name, void (*make)(uint32_t *))
{
    static uint32_t at[LENGTH];
    struct trace t = {.name = name, .pages = PAGES, .length = LENGTH, .at = at};
    size_t hits, lru;

    srand(7);
    make(at);
    hits = play(&t);
    lru = oracle_lru(&t, FRAMES);
    printf("%-8s %9.3f %9.3f %8.3f %8.3f %8.3f %8.3f %8.3f\n", name, (double)hits / (double)lru,
           (double)player.cold / (double)player.evicted, (double)hits / LENGTH, (double)lru / LENGTH,
           (double)oracle_opt(&t, FRAMES) / LENGTH, (double)oracle_fifo(&t, FRAMES) / LENGTH,
           (double)oracle_random(&t, FRAMES) / LENGTH);
    world_end();
}

int main(void)
{
    puts("trace    hits/lru cold-half  hitrate      lru      opt     fifo   random");
    row("zipf", make_zipf);
    row("scan", make_scan);
    row("drift", make_drift);
    return 0;
}
