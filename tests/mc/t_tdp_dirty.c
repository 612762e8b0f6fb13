/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_dirty.c: a write of the guest is told, or its bit is still there, whatever happens to the leaf (SPEC C3-3,
 * C8-8, H-C-4, H-C-5, H-C-21).
 */
#include "tdp_log.h"

static void (*change)(void);
static void (*commit)(struct tdp *t, struct tdp_gather *g);

static void changer_thread(void *unused)
{
    (void)unused;
    change();
}

static void zap_both(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    (void)zap(&tdp, &tdp.root[0], 0, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    commit(&tdp, &g);
    take_dirty();
    write_unlock(&tdp.lock);
}

/* The frame is given to somebody else as soon as the flush is done. */
static void zap_and_free(void)
{
    zap_both();
    frame_freed |= 1u << 4 | 1u << 5;
}

static void protect(void)
{
    protect_round(commit);
}

static void harvest_twice(void)
{
    harvest_round(commit);
    harvest_round(commit);
}

static void split_it(void)
{
    read_lock(&tdp.lock);
    mc_check(split(&tdp, &tdp.root[0], (gfn_t){0}, (gfn_t){2}, 0, &cache[mc_self()]), "no page");
    read_unlock(&tdp.lock);
}

static void split_and_protect(void)
{
    split_it();
    protect();
}

static void collapse_both(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    mc_check(collapse(&tdp, &tdp.root[0], (gfn_t){0}, 1, (pfn_t){4}, &g), "not collapsed");
    commit(&tdp, &g);
    take_dirty();
    write_unlock(&tdp.lock);
}

static void recover_it(void)
{
    mc_check(tdp_recover(&tdp, 1) == 1, "nothing was listed");
}

static void start(void (*what)(void), bool huge)
{
    (void)rig_start();
    change = what;
    commit = tdp_commit;
    rig_map(0, 4, huge);
    if (!huge)
        rig_map(1, 5, 0);
    told[0] = told[1] = 0;
    mc_thread("changer", changer_thread, NULL);
    mc_thread("guest", guest_thread, NULL);
    rig_pages(0, 1);
}

static void setup_zap(void)
{
    start(zap_and_free, false);
}

static void setup_zap_kept(void)
{
    start(zap_both, false);
}

static void setup_zap_huge(void)
{
    start(zap_and_free, true);
}

static void setup_protect(void)
{
    start(protect, false);
}

static void setup_harvest(void)
{
    start(harvest_twice, false);
}

static void setup_split(void)
{
    start(split_and_protect, true);
}

static void setup_collapse(void)
{
    start(collapse_both, false);
}

static void setup_recover(void)
{
    start(recover_it, false);
    rig_list_table();
}

/* Mutants: no flush. */
static void setup_zap_unflushed(void)
{
    setup_zap();
    commit = no_flush;
}

static void setup_protect_unflushed(void)
{
    setup_protect();
    commit = no_flush;
}

static void setup_harvest_unflushed(void)
{
    setup_harvest();
    commit = no_flush;
}

int main(void)
{
    const struct mc_model zapped = {.setup = setup_zap, .final = final_sound};
    const struct mc_model zap_kept = {.setup = setup_zap_kept, .final = final_sound};
    const struct mc_model zapped_huge = {.setup = setup_zap_huge, .final = final_sound};
    const struct mc_model protected = {.setup = setup_protect, .final = final_sound};
    const struct mc_model harvested = {.setup = setup_harvest, .final = final_sound};
    const struct mc_model splits = {.setup = setup_split, .final = final_sound};
    const struct mc_model collapsed = {.setup = setup_collapse, .final = final_sound};
    const struct mc_model recovered = {.setup = setup_recover, .final = final_sound};
    const struct mc_model zap_unflushed = {.setup = setup_zap_unflushed, .final = final_sound};
    const struct mc_model protect_unflushed = {.setup = setup_protect_unflushed, .final = final_sound};
    const struct mc_model harvest_unflushed = {.setup = setup_harvest_unflushed, .final = final_sound};
    const char *lost = "a write is lost", *used = "the guest uses a freed frame";

    mc_holds("H-C-4: zap", &zapped, NULL);
    mc_holds("H-C-4: zap of a huge leaf", &zapped_huge, NULL);
    mc_holds("H-C-4: write-protect, then a write by a fault", &protected, NULL);
    mc_holds("H-C-4: harvest, twice", &harvested, NULL);
    mc_holds("H-C-4: split, then write-protect", &splits, NULL);
    mc_holds("H-C-4: collapse", &collapsed, NULL);
    mc_holds("H-C-4: recovery", &recovered, NULL);
    mc_fails("H-C-5: the zap is a load and a store", &zap_kept,
             MC_MUTANTS({"tdp_take", MC_XCHG, 1, MC_PLAIN}), lost);
    mc_fails("H-C-5: so is the end of recovered leaves", &recovered,
             MC_MUTANTS({"tdp_take", MC_XCHG, 1, MC_PLAIN}), lost);
    mc_fails("H-C-5: write-protecting is", &protected, MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}), lost);
    mc_fails("H-C-5: harvesting is", &harvested, MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}), lost);
    mc_fails("H-C-5: splitting is", &splits, MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}), lost);
    mc_fails("C6-21: zapped, and not flushed", &zap_unflushed, NULL, used);
    mc_fails("C6-26: write-protected, and not flushed", &protect_unflushed, NULL, lost);
    mc_fails("C6-30: harvested, and not flushed", &harvest_unflushed, NULL, lost);
    return mc_end();
}
