/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_break.c: stage 2 splits by way of an absent entry, and everybody else who holds the lock for read meets it
 * (SPEC C2-5, C6-25, C13-20, H-C-4, H-C-46).
 *
 * Somebody splits a huge leaf for a reason of his own, a fault say, while another one protects, splits or maps in it.
 */
#define RIG_S2
#include "tdp_log.h"

static void (*other)(void);

static void splitter_thread(void *unused)
{
    (void)unused;
    read_lock(&tdp.lock);
    (void)!split(&tdp, &tdp.root[0], (gfn_t){0}, (gfn_t){1}, 0, &cache[mc_self()]);
    read_unlock(&tdp.lock);
}

static void other_thread(void *unused)
{
    (void)unused;
    other();
}

static void protect(void)
{
    protect_round(tdp_commit);
}

static void harvest_it(void)
{
    harvest_round(tdp_commit);
}

/* What was asked for is done on return: nothing larger is left. */
static void split_too(void)
{
    struct tdp_leaf l;

    read_lock(&tdp.lock);
    mc_check(split(&tdp, &tdp.root[0], (gfn_t){0}, (gfn_t){2}, 0, &cache[mc_self()]), "no page");
    for (u64 g = 0; g < 2; g++)
        mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){g}, &l) == TDP_OK && l.level == 0,
                 "a huge leaf is left");
    read_unlock(&tdp.lock);
}

static void map_too(void)
{
    const struct tdp_map m = {.gfn = {1}, .pfn = {5}, .access = ACCESS_WRITE};

    for (u32 tries = 0; tries < 2; tries++) {
        read_lock(&tdp.lock);
        (void)!tdp_map(&tdp, &tdp.root[0], &m, &cache[mc_self()]);
        read_unlock(&tdp.lock);
    }
}

static void age_it(void)
{
    u64 young = 0;

    tdp_age(&tdp, (gfn_t){0}, (gfn_t){2}, &young, true);
}

static void start(void (*what)(void))
{
    (void)rig_start();
    other = what;
    rig_map(0, 4, 1);
    told[0] = told[1] = 0;
    mc_thread("splitter", splitter_thread, NULL);
    mc_thread("other", other_thread, NULL);
    rig_pages(0, 1);
    rig_pages(1, 1);
}

static void setup_protect(void)
{
    start(protect);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_harvest(void)
{
    start(harvest_it);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_split(void)
{
    start(split_too);
}

static void setup_map(void)
{
    start(map_too);
    mc_thread("guest", guest_thread, NULL);
}

static void setup_age(void)
{
    start(age_it);
    mc_thread("guest", guest_thread, NULL);
}

/* Mutant: whoever meets the absent entry takes it for a hole. */
static void protect_holes(void)
{
    struct tdp_gather g = {0};
    struct tdp_iter i;

    read_lock(&tdp.lock);
    tdp_enter(&tdp);
    tdp_for_each (&i, &tdp.root[0], (gfn_t){0}, (gfn_t){2}, 0) {
        if (!tdp_iter_leaf(&i) || !tdp_writable(i.entry))
            continue;
        if (tdp_is_dirty(tdp_take(i.slot, tdp_without_write(i.entry), i.level)))
            tdp_dirtied(NULL, (gfn_t){i.at}, tdp_span(i.level));
        g.flush = true;
    }
    tdp_leave(&tdp);
    tdp_commit(&tdp, &g);
    take_dirty();
    for (u64 gfn = 0; gfn < 2; gfn++)
        mc_check(!hw_access(gfn, true), "a protected page is writable");
    read_unlock(&tdp.lock);
}

static void setup_holes(void)
{
    start(protect_holes);
}

/* The same as the product does it: nobody gives the right back here. */
static void protect_and_try(void)
{
    protect();
    for (u64 gfn = 0; gfn < 2; gfn++)
        mc_check(!hw_access(gfn, true), "a protected page is writable");
}

static void setup_try(void)
{
    start(protect_and_try);
}

int main(void)
{
    const struct mc_model tried = {.setup = setup_try, .final = final_sound};
    const struct mc_model holes = {.setup = setup_holes};
    const struct mc_model protected = {.setup = setup_protect, .final = final_sound};
    const struct mc_model harvested = {.setup = setup_harvest, .final = final_sound};
    const struct mc_model splits = {.setup = setup_split, .final = final_sound};
    const struct mc_model mapped = {.setup = setup_map, .final = final_sound};
    const struct mc_model aged = {.setup = setup_age, .final = final_sound};

    mc_holds("C8-8: what was protected while somebody splits stays so", &tried, NULL);
    mc_fails("C8-8: unless the absent entry is taken for a hole", &holes, NULL,
             "a protected page is writable");
    mc_holds("H-C-4: write-protecting while somebody splits", &protected, NULL);
    mc_holds("H-C-4: harvesting while somebody splits", &harvested, NULL);
    mc_holds("C9-3: splitting while somebody splits", &splits, NULL);
    mc_holds("C2-5: a fault while somebody splits", &mapped, NULL);
    mc_holds("H-C-27: aging while somebody splits", &aged, NULL);
    return mc_end();
}
