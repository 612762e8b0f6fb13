/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_link.c: a table is filled before it can be reached, and of two that were made one is (SPEC C1-11, pair P7).
 *
 * Faults fill an empty tree while hardware and software walk it. What a page holds before it is filled is a leaf that
 * maps a frame of somebody else.
 */
#include "tdp_rig.h"

static void fault(u64 gfn, u64 pfn)
{
    const struct tdp_map m = {.gfn = {gfn}, .pfn = {pfn}, .access = ACCESS_READ};
    enum tdp_result r;

    read_lock(&tdp.lock);
    do
        r = tdp_map(&tdp, &tdp.root[0], &m, &cache[mc_self()]);
    while (r == TDP_RETRY);
    mc_check(r == TDP_OK || r == TDP_SPURIOUS, "a fault is not resolved");
    read_unlock(&tdp.lock);
}

static void fault_thread(void *gfn)
{
    fault((uintptr_t)gfn, 4 + (uintptr_t)gfn);
}

static void guest_thread(void *unused)
{
    (void)unused;
    (void)hw_access(0, false);
    (void)hw_access(1, false);
}

static void look_thread(void *unused)
{
    struct tdp_leaf l;

    (void)unused;
    if (tdp_lookup(&tdp, &tdp.root[0], (gfn_t){0}, &l) == TDP_OK)
        mc_check(l.pfn.v == 4, "a walker finds what was never mapped");
}

static void final(void)
{
    struct tdp_count n;
    struct tdp_leaf l;
    const char *broken;

    write_lock(&tdp.lock);
    broken = tdp_check(&tdp, &n);
    write_unlock(&tdp.lock);
    mc_check(!broken, broken);
    mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){0}, &l) == TDP_OK && l.pfn.v == 4,
             "the page is not mapped");
    mc_check(n.tables == LEVELS, "more tables than are needed");
}

static void start(void)
{
    (void)rig_start();
    mc_thread("fault", fault_thread, (void *)0);
    rig_pages(0, 3);
}

static void setup_walkers(void)
{
    start();
    mc_thread("guest", guest_thread, NULL);
    mc_thread("look", look_thread, NULL);
}

static void setup_same(void)
{
    start();
    mc_thread("fault again", fault_thread, (void *)0);
    rig_pages(1, 3);
}

static void setup_beside(void)
{
    start();
    mc_thread("fault beside", fault_thread, (void *)1);
    rig_pages(1, 3);
}

int main(void)
{
    const struct mc_model walkers = {.setup = setup_walkers, .final = final};
    const struct mc_model pso = {.setup = setup_walkers, .final = final, .pso = true};
    const struct mc_model same = {.setup = setup_same, .final = final};
    const struct mc_model beside = {.setup = setup_beside, .final = final};

    mc_holds("P7: walkers see a filled table or none", &walkers, NULL);
    mc_holds("P7: the same where stores to different words may pass each other", &pso, NULL);
    mc_fails("P7: unless the link is a plain store there", &pso, MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}),
             "the guest uses a freed frame");
    mc_holds("C4-1: two faults for one page", &same, NULL);
    mc_holds("C4-1: two faults for pages of one table", &beside, NULL);
    mc_fails("C3-2: linked by a load and a store, tables are lost", &beside,
             MC_MUTANTS({"tdp_try", MC_CAS, 1, MC_PLAIN}), "C1");
    return mc_end();
}
