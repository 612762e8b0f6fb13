/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_retry.c: after a bracket has ended no table maps the frame that it took away (SPEC B3, B4; H-B-1..4).
 *
 * The primary MMU's word for gfn 0 names its frame, newer frames having higher numbers. A bracket replaces
 * the frame; another one, on a far gfn, comes and goes; faults look the frame up and install it if they may.
 * The checker that does not hold the mapping lock is a pfn cache: it has a lock of its own, which the bracket
 * takes to zap it.
 */
#include "inv.c"
#include "lib/lock.h"
#include "mc.h"
#include "rwlock.h"

#define GFN     0ull
#define FAR     9ull
#define NONE    (~0u)
#define THREADS 3u /* the last CPU that reads is 2 */

static struct rwlock mmu;
static struct spinlock cache_lock;
static struct inv inv;
static struct inv_bracket brackets[2]; /* of GFN, of FAR */
static u32 frame, spte;                /* spte: the frame it maps, or NONE */
static u32 ended;                      /* frames below it are no longer this gfn's */
static enum inv_bug (*end)(struct inv *i, struct inv_bracket *b);
static bool (*retry)(struct inv *i, u64 seq, gfn_t gfn);

unsigned port_cpu(void)
{
    return mc_self();
}

unsigned port_cpu_count(void)
{
    return THREADS;
}

static void begin(u64 gfn)
{
    struct inv_bracket *b = &brackets[gfn == FAR];

    inv_start(&inv, b);
    mc_check(inv_range_add(&inv, b, (gfn_t){gfn}, (gfn_t){gfn + 1}) == INV_OK, "range refused");
}

static void finish(u64 gfn)
{
    write_lock(&mmu);
    mc_check(end(&inv, &brackets[gfn == FAR]) == INV_OK, "end complains");
    write_unlock(&mmu);
}

static void bracket_thread(void *unused)
{
    (void)unused;
    write_lock(&mmu);
    begin(GFN);
    at_store(&spte, NONE);
    write_unlock(&mmu);
    at_store(&frame, at_load(&frame) + 1);
    finish(GFN);
    ended = frame;
}

static void far_bracket_thread(void *unused)
{
    (void)unused;
    write_lock(&mmu);
    begin(FAR);
    write_unlock(&mmu);
    finish(FAR);
}

static void fault_thread(void *unused)
{
    u64 seq = inv_snapshot(&inv);
    u32 found = at_load(&frame);

    (void)unused;
    read_lock(&mmu);
    if (!retry(&inv, seq, (gfn_t){GFN}))
        at_store(&spte, found);
    read_unlock(&mmu);
}

/* Mutant: the look-up comes before the snapshot. */
static void late_fault_thread(void *unused)
{
    u32 found = at_load(&frame);
    u64 seq = inv_snapshot(&inv);

    (void)unused;
    read_lock(&mmu);
    if (!retry(&inv, seq, (gfn_t){GFN}))
        at_store(&spte, found);
    read_unlock(&mmu);
}

static void cache_bracket_thread(void *unused)
{
    (void)unused;
    write_lock(&mmu);
    begin(GFN);
    write_unlock(&mmu);
    spin_lock(&cache_lock);
    at_store(&spte, NONE);
    spin_unlock(&cache_lock);
    at_store(&frame, at_load(&frame) + 1);
    finish(GFN);
    ended = frame;
}

static void cache_fault_thread(void *unused)
{
    u64 seq = inv_snapshot(&inv);
    u32 found = at_load(&frame);

    (void)unused;
    spin_lock(&cache_lock);
    if (!retry(&inv, seq, (gfn_t){GFN}))
        at_store(&spte, found);
    spin_unlock(&cache_lock);
}

static void nothing_stale(void)
{
    mc_check(spte == NONE || spte >= ended, "a frame taken away is mapped");
}

static void clear(void)
{
    mmu = (struct rwlock){0};
    cache_lock = (struct spinlock){0};
    inv_init(&inv);
    brackets[0] = brackets[1] = (struct inv_bracket){.who = "test"};
    frame = ended = 0;
    spte = NONE;
    end = inv_end;
    retry = inv_retry;
}

static void one_bracket(void)
{
    clear();
    mc_thread("bracket", bracket_thread, NULL);
    mc_thread("fault a", fault_thread, NULL);
    mc_thread("fault b", fault_thread, NULL);
}

static void two_brackets(void)
{
    one_bracket();
    mc_thread("far", far_bracket_thread, NULL);
}

static void late_snapshot(void)
{
    clear();
    mc_thread("bracket", bracket_thread, NULL);
    mc_thread("fault", late_fault_thread, NULL);
}

static void pfn_cache(void)
{
    clear();
    mc_thread("bracket", cache_bracket_thread, NULL);
    mc_thread("refresh a", cache_fault_thread, NULL);
    mc_thread("refresh b", cache_fault_thread, NULL);
}

/* Mutant: count before seq. */
static enum inv_bug end_swapped(struct inv *i, struct inv_bracket *b)
{
    (void)b;
    at_store(&i->in_progress, at_load(&i->in_progress) - 1);
    at_store(&i->seq, at_load(&i->seq) + 1);
    return INV_OK;
}

static void one_bracket_swapped(void)
{
    one_bracket();
    end = end_swapped;
}

static void pfn_cache_swapped(void)
{
    pfn_cache();
    end = end_swapped;
}

/* Mutant: outside the hull is good enough while anything is in progress. */
static bool retry_by_hull_alone(struct inv *i, u64 seq, gfn_t gfn)
{
    if (at_load(&i->in_progress) > 0)
        return gfn.v >= at_load(&i->start) && gfn.v < at_load(&i->end);
    return at_load(&i->seq) != seq;
}

static void two_brackets_hull_alone(void)
{
    clear();
    retry = retry_by_hull_alone;
    mc_thread("bracket", bracket_thread, NULL);
    mc_thread("fault", fault_thread, NULL);
    mc_thread("far", far_bracket_thread, NULL);
}

int main(void)
{
    const char *stale = "a frame taken away is mapped";
    const struct mc_model one = {.setup = one_bracket, .always = nothing_stale};
    const struct mc_model two = {.setup = two_brackets, .always = nothing_stale};
    const struct mc_model late = {.setup = late_snapshot, .always = nothing_stale};
    const struct mc_model swapped = {.setup = one_bracket_swapped, .always = nothing_stale};
    const struct mc_model hull_alone = {.setup = two_brackets_hull_alone, .always = nothing_stale};
    const struct mc_model cache = {.setup = pfn_cache, .always = nothing_stale, .pso = true};
    const struct mc_model cache_swapped = {.setup = pfn_cache_swapped, .always = nothing_stale};
    const struct mc_model one_pso = {.setup = one_bracket, .always = nothing_stale, .pso = true};

    mc_holds("H-B-1: one bracket, two faults", &one, NULL);
    mc_holds("H-B-1: two brackets, two faults", &two, NULL);
    mc_holds("H-B-1: one bracket, two pfn caches without the mapping lock", &cache, NULL);
    mc_fails("H-B-2: snapshot after the look-up", &late, NULL, stale);
    mc_fails("H-B-3: end's stores swapped, checker without the mapping lock", &cache_swapped, NULL, stale);
    mc_fails("H-B-3: end without its barrier where stores may pass each other, same checker", &cache,
             MC_MUTANTS({"inv_end", MC_FENCE_WR, 1, MC_DROP}), stale);
    mc_holds("H-B-3: end's stores swapped, checker with the mapping lock", &swapped, NULL);
    mc_holds("H-B-3: end without its barrier, checker with the mapping lock", &one_pso,
             MC_MUTANTS({"inv_end", MC_FENCE_WR, 1, MC_DROP}));
    mc_fails("H-B-4: seq not compared while anything is in progress", &hull_alone, NULL, stale);
    mc_fails("B2-7: end does not count", &one, MC_MUTANTS({"inv_end", MC_STORE, 1, MC_DROP}), stale);
    mc_fails("B4-5: start does not count", &one, MC_MUTANTS({"inv_retry_range", MC_LOAD, 1, MC_DROP}), stale);
    return mc_end();
}
