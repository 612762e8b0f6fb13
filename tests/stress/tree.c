/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.c: every operation on the TDP tree against every other on real threads, under the thread sanitizer.
 *
 * Two threads are vCPUs that fault pages in (guest.c), one is the owner of memory that moves them (memory.c), one keeps
 * house: ages, splits, write-protects, harvests, gives huge pages back, frees. `SECONDS=60 build/stress/tree` for long.
 */
#include <pthread.h>
#include <time.h>
#include "guest.h"

#define ROUNDS_MAX 5 /* on a busy machine one may not see every operation take effect */
#define OWNER      (GUESTS + 0)
#define KEEPER     (GUESTS + 1)
_Static_assert(KEEPER + 1 == THREADS, "each thread plays a CPU");

#define LONG_MODE_ADDRESS 0x000ffffffffff000ull
#define STAGE2_ADDRESS    0x0000fffffffff000ull

static const struct format {
    const char *name;
    const struct tdp_ops *ops;
    struct walker hw;
} formats[] = {
    {"AMD-V",
     &tdp_npt,
     {.levels = 4,
      .present = BIT(0),
      .leaf_mask = BIT(7),
      .leaf_value = BIT(7),
      .write_mask = BIT(1),
      .write_value = BIT(1),
      .exec_mask = BIT(63),
      .accessed = BIT(5),
      .dirty = BIT(6),
      .address = LONG_MODE_ADDRESS,
      .shift = 12}},
    {"VMX",
     &tdp_ept,
     {.levels = 4,
      .present = BIT(0) | BIT(1) | BIT(2),
      .leaf_mask = BIT(7),
      .leaf_value = BIT(7),
      .write_mask = BIT(1),
      .write_value = BIT(1),
      .exec_mask = BIT(2),
      .exec_value = BIT(2),
      .accessed = BIT(8),
      .dirty = BIT(9),
      .address = LONG_MODE_ADDRESS,
      .shift = 12}},
    {"VMX without accessed bits",
     &tdp_ept_noad,
     {.levels = 4,
      .present = BIT(0) | BIT(1) | BIT(2),
      .leaf_mask = BIT(7),
      .leaf_value = BIT(7),
      .write_mask = BIT(1),
      .write_value = BIT(1),
      .exec_mask = BIT(2),
      .exec_value = BIT(2),
      .address = LONG_MODE_ADDRESS,
      .shift = 12}},
    {"arm64",
     &tdp_s2,
     {.levels = 4,
      .present = BIT(0),
      .leaf_mask = BIT(1),
      .write_mask = BIT(51),
      .write_value = BIT(51),
      .exec_mask = BIT(54),
      .accessed = BIT(10),
      .dirty = BIT(7),
      .address = STAGE2_ADDRESS,
      .shift = 12,
      .one_size = true}},
    {"arm64 without accessed bits",
     &tdp_s2_soft,
     {.levels = 4,
      .present = BIT(0),
      .needs = BIT(10),
      .leaf_mask = BIT(1),
      .write_mask = BIT(7),
      .write_value = BIT(7),
      .exec_mask = BIT(54),
      .address = STAGE2_ADDRESS,
      .shift = 12,
      .one_size = true}},
    {"no machine's format",
     &tdp_toy,
     {.levels = 3,
      .present = BIT(0),
      .leaf_mask = BIT(1),
      .write_mask = BIT(2),
      .exec_mask = BIT(3),
      .exec_value = BIT(3),
      .accessed = BIT(4),
      .address = 0x0ffffffffff00000ull,
      .shift = 20}},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

enum { AGE, SPLIT, PROTECT, HARVEST, RECOVER, COLLECT, CHORES };
static unsigned chores[CHORES], recovered, young_seen;

static void age(u64 *seed)
{
    u64 young[PAGES / 64] = {0};

    tdp_age(&stress_vm.tdp, (gfn_t){0}, (gfn_t){PAGES}, young, number(seed, 4));
    for (u64 i = 0; i < PAGES; i++)
        young_seen += tdp_young_bit(young, i);
}

static void split(u64 at, u64 end, unsigned to)
{
    struct tdp_cache c = {0};

    if (tdp_cache_fill(&c)) {
        read_lock(&stress_vm.tdp.lock);
        (void)!tdp_split(&stress_vm.tdp, (gfn_t){at}, (gfn_t){end}, to, &c);
        read_unlock(&stress_vm.tdp.lock);
    }
    tdp_cache_drain(&c);
}

/* Write-protect or harvest; what is owed is done before the lock is dropped. */
static void log_range(void (*what)(struct tdp *, gfn_t, gfn_t, struct tdp_gather *), u64 at, u64 end)
{
    struct tdp_gather g = {0};

    read_lock(&stress_vm.tdp.lock);
    what(&stress_vm.tdp, (gfn_t){at}, (gfn_t){end}, &g);
    tdp_commit(&stress_vm.tdp, &g);
    read_unlock(&stress_vm.tdp.lock);
}

static void keep_house(u64 *seed)
{
    u64 at = number(seed, PAGES), end = at + 1 + number(seed, BLOCK_PAGES);
    unsigned what = number(seed, CHORES);

    chores[what]++;
    switch (what) {
    case AGE:
        age(seed);
        break;
    case SPLIT:
        if (number(seed, 4))
            split(at, end, 0);
        else
            split(GIANT + at * BLOCK_PAGES, GIANT + end * BLOCK_PAGES, number(seed, 2));
        break;
    case PROTECT:
        log_range(tdp_write_protect, at, end);
        break;
    case HARVEST:
        log_range(tdp_harvest, at, end);
        break;
    case RECOVER:
        recovered += tdp_recover(&stress_vm.tdp, 1 + number(seed, 8));
        break;
    default:
        epoch_collect(&stress_epoch);
    }
}

static void *owner(void *arg)
{
    u64 seed = 4711;

    my_cpu = OWNER;
    while (!at_load((u32 *)arg))
        memory_churn(&seed);
    return NULL;
}

static void *keeper(void *arg)
{
    u64 seed = 815;

    my_cpu = KEEPER;
    while (!at_load((u32 *)arg))
        keep_house(&seed);
    return NULL;
}

static void sleep_for(double seconds)
{
    struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};

    nanosleep(&t, NULL);
}

static void run_threads(double seconds)
{
    void *(*const run[THREADS])(void *) = {guest_run, guest_run, owner, keeper};
    pthread_t thread[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        must(!pthread_create(&thread[i], NULL, run[i], i < GUESTS ? (void *)i : &guests_stop),
             "threads start");
    sleep_for(seconds);
    at_store(&guests_stop, 1);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
}

/* All threads have ended: the tree is whole, goes completely, and gives every frame back. */
static void take_down(void)
{
    struct tdp *t = &stress_vm.tdp;
    struct tdp_gather g = {0};
    struct tdp_count n;
    const char *broken;

    write_lock(&t->lock);
    broken = tdp_check(t, &n);
    check(!broken, broken);
    tdp_zap(t, (gfn_t){0}, (gfn_t){tdp_gfn_limit(t)}, NULL, &g);
    tdp_commit(t, &g);
    broken = tdp_check(t, &n);
    check(!broken, broken);
    must(!n.leaves[0] && !n.leaves[1] && !n.leaves[2], "C6: what was zapped is gone");
    write_unlock(&t->lock);
    tdp_destroy(t);
    must(!frames_used(), "C5-7: every frame was given back");
}

/* What all runs have done, for people and for the last result. */
static bool report(void)
{
    struct guest_count *a = &guest_count[0], *b = &guest_count[1];
    unsigned collapsed = a->collapses + b->collapses;
    bool all = a->faults && b->faults && collapsed && recovered && young_seen;

    printf("# touches %u, faults %u, blocks %u, collapsed %u, flushes %u, roots %u\n",
           a->touches + b->touches, a->faults + b->faults, a->huge + b->huge, collapsed,
           a->flushes + b->flushes, a->roots + b->roots);
    printf("# moved %u, gathered %u, unmapped %u, torn down %u, log switched %u\n", memory_done[OWNER_MOVED],
           memory_done[OWNER_GATHERED], memory_done[OWNER_UNMAPPED], memory_done[OWNER_TORN_DOWN],
           memory_done[OWNER_LOG]);
    printf("# aged %u, split %u, protected %u, harvested %u, recovered %u, young %u\n", chores[AGE],
           chores[SPLIT], chores[PROTECT], chores[HARVEST], recovered, young_seen);
    for (unsigned i = 0; i < OWNER_ACTS; i++)
        all &= memory_done[i] > 0;
    for (unsigned i = 0; i < CHORES; i++)
        all &= chores[i] > 0;
    return all;
}

static void run(const struct format *f, bool nx, double seconds)
{
    memory_init(f->ops, nx);
    guests_init(&f->hw);
    run_threads(seconds);
    take_down();
    printf("ok - %s, huge pages %s\n", f->name, nx ? "not executable" : "executable");
    fflush(stdout);
}

int main(void)
{
    const char *asked = getenv("SECONDS");
    double each = (asked ? atof(asked) : 3) / (2 * FORMATS);
    unsigned rounds = 0;

    do
        for (unsigned i = 0; i < 2 * FORMATS; i++)
            run(&formats[i / 2], i % 2, each);
    while (!report() && ++rounds < ROUNDS_MAX);
    must(rounds < ROUNDS_MAX, "every operation took place");
    return 0;
}
