/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_age.c: aging takes no lock and harms nobody: what it meets stays as it is, or is a leaf less its accessed bit
 * (SPEC C11-3, C11-5, C11-6, H-C-4, H-C-26, H-C-27).
 *
 * It runs against hardware and against each change of the same entry.
 */
#include "tdp_rig.h"

static void (*change)(void);
static void (*age_range)(struct tdp *t, gfn_t start, gfn_t end, u64 *young, bool clear);
static bool huge; /* one leaf of two pages to begin with */
static u64 young;

static void ager_thread(void *unused)
{
    (void)unused;
    age_range(&tdp, (gfn_t){0}, (gfn_t){2}, &young, true);
}

static void changer_thread(void *unused)
{
    (void)unused;
    change();
}

static void guest_thread(void *unused)
{
    (void)unused;
    hw_access(0, true);
    hw_access(1, false);
}

static void zap_both(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    (void)zap(&tdp, &tdp.root[0], 0, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    tdp_commit(&tdp, &g);
    write_unlock(&tdp.lock);
}

static void split_it(void)
{
    read_lock(&tdp.lock);
    (void)!split(&tdp, &tdp.root[0], (gfn_t){0}, (gfn_t){2}, 0, &cache[mc_self()]);
    read_unlock(&tdp.lock);
}

/* A fetch that makes a listed table of a huge leaf, and the recovery of that. */
static void fetch_and_recover(void)
{
    const struct tdp_map m = {.gfn = {0}, .pfn = {4}, .nx_level = 1, .access = ACCESS_EXEC};

    read_lock(&tdp.lock);
    while (tdp_map(&tdp, &tdp.root[0], &m, &cache[mc_self()]) == TDP_RETRY)
        ;
    read_unlock(&tdp.lock);
    mc_check(tdp_recover(&tdp, 1) == 1, "nothing was listed");
}

static void collapse_both(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    mc_check(collapse(&tdp, &tdp.root[0], (gfn_t){0}, 1, (pfn_t){4}, &g), "not collapsed");
    tdp_commit(&tdp, &g);
    write_unlock(&tdp.lock);
}

static void nothing(void)
{
}

static void final(void)
{
    const char *broken;

    mc_check(!written[0] || told[0] || rig_dirty(0), "a write is lost");
    write_lock(&tdp.lock);
    broken = tdp_check(&tdp, &(struct tdp_count){0});
    write_unlock(&tdp.lock);
    mc_check(!broken, broken);
    mc_check(!(young & ~3ull), "more is young than was asked for");
}

/* Nobody but aging could have changed the page's leaf: it was zapped and must be gone. */
static void final_zapped(void)
{
    struct tdp_leaf l;

    final();
    mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){0}, &l) == TDP_NONE, "a zapped entry is back");
    mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){1}, &l) == TDP_NONE, "a zapped entry is back");
}

static void start(void (*what)(void), bool one_leaf)
{
    (void)rig_start();
    tdp.nx.on = true;
    young = 0;
    change = what;
    huge = one_leaf;
    age_range = tdp_age;
    rig_map(0, 4, huge);
    if (!huge)
        rig_map(1, 5, 0);
    mc_thread("changer", changer_thread, NULL);
    mc_thread("ager", ager_thread, NULL);
    rig_pages(0, 1);
}

static void setup_zap(void)
{
    start(zap_both, false);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_zap_huge(void)
{
    start(zap_both, true);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_split(void)
{
    start(split_it, true);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_recover(void)
{
    start(fetch_and_recover, true);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_collapse(void)
{
    start(collapse_both, false);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_hardware(void)
{
    start(nothing, false);
    mc_thread("guest", guest_thread, NULL);
}

/* Mutant: the bit is cleared by AND, in whatever the entry has become. */
static void age_by_and(struct tdp *t, gfn_t start_gfn, gfn_t end, u64 *bits, bool clear)
{
    struct tdp_iter i;

    (void)bits;
    (void)clear;
    tdp_enter(t);
    tdp_for_each (&i, &t->root[0], start_gfn, end, 0)
        if (tdp_iter_leaf(&i) && (i.entry & fmt.accessed))
            at_and(i.slot, ~fmt.accessed);
    tdp_leave(t);
}

static void setup_and(void)
{
    setup_recover();
    age_range = age_by_and;
}

/* Mutant: a plain store of what was read. */
static void age_by_store(struct tdp *t, gfn_t start_gfn, gfn_t end, u64 *bits, bool clear)
{
    struct tdp_iter i;

    (void)bits;
    (void)clear;
    tdp_enter(t);
    tdp_for_each (&i, &t->root[0], start_gfn, end, 0)
        if (tdp_iter_leaf(&i) && (i.entry & fmt.accessed))
            at_store(i.slot, i.entry & ~fmt.accessed);
    tdp_leave(t);
}

static void setup_store_zap(void)
{
    setup_zap();
    age_range = age_by_store;
}

static void setup_store_hardware(void)
{
    setup_hardware();
    age_range = age_by_store;
}

static void setup_store_collapse(void)
{
    setup_collapse();
    age_range = age_by_store;
}

int main(void)
{
    const struct mc_model zapped = {.setup = setup_zap, .final = final_zapped};
    const struct mc_model zapped_huge = {.setup = setup_zap_huge, .final = final_zapped};
    const struct mc_model splits = {.setup = setup_split, .final = final};
    const struct mc_model recovered = {.setup = setup_recover, .final = final};
    const struct mc_model collapsed = {.setup = setup_collapse, .final = final};
    const struct mc_model by_and = {.setup = setup_and, .final = final};
    const struct mc_model store_zap = {.setup = setup_store_zap, .final = final_zapped};
    const struct mc_model store_hardware = {.setup = setup_store_hardware, .final = final};
    const struct mc_model store_collapse = {.setup = setup_store_collapse, .final = final};

    mc_holds("H-C-26: aging during a zap", &zapped, NULL);
    mc_holds("H-C-26: aging during the zap of a huge leaf", &zapped_huge, NULL);
    mc_holds("C2-6: aging during a split", &splits, NULL);
    mc_holds("H-C-27: aging during a fetch, its split, and recovery", &recovered, NULL);
    mc_holds("H-C-27: aging during a collapse", &collapsed, NULL);
    mc_fails("C2-6: the bit is cleared in what is a table by then", &by_and, NULL, "C2-6");
    mc_fails("H-C-26: aging by a plain store", &store_zap, NULL, "a zapped entry is back");
    mc_fails("H-C-4: aging by a plain store beside hardware", &store_hardware, NULL, "a write is lost");
    mc_fails("H-C-27: aging by a plain store beside a collapse", &store_collapse, NULL, "");
    return mc_end();
}
