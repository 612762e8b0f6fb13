/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_nx.c: a table that stands back for fetches is zapped at most once, it alone (SPEC C10-5, C10-7, H-C-38).
 *
 * Recovery runs against faults in the same table, a zap, another recovery, and a root that is torn down meanwhile.
 */
#include "tdp_rig.h"

static u32 recovered;

static void recover_thread(void *unused)
{
    (void)unused;
    recovered += tdp_recover(&tdp, 2);
}

static void fault_thread(void *unused)
{
    const struct tdp_map m = {.gfn = {1}, .pfn = {5}, .nx_level = 1, .access = ACCESS_EXEC};

    (void)unused;
    read_lock(&tdp.lock);
    (void)!tdp_map(&tdp, &tdp.root[0], &m, &cache[mc_self()]);
    read_unlock(&tdp.lock);
}

static void zap_thread(void *unused)
{
    struct tdp_gather g = {0};

    (void)unused;
    write_lock(&tdp.lock);
    (void)zap(&tdp, &tdp.root[0], 0, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    (void)zap(&tdp, &tdp.root[0], 1, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    tdp_commit(&tdp, &g);
    write_unlock(&tdp.lock);
}

/* As tdp_zap_all() does it, but for its last step: the slices of one who has an invalid root to himself. */
static void tear_down_thread(void *unused)
{
    struct tdp_gather g = {0};

    (void)unused;
    write_lock(&tdp.lock);
    at_store(&tdp.root[0].invalid, true);
    nx_clear(&tdp.nx);
    flush_roots(NULL);
    write_unlock(&tdp.lock);
    read_lock(&tdp.lock);
    for (unsigned level = 0; level < 2; level++)
        (void)zap(&tdp, &tdp.root[0], level, (gfn_t){0}, (gfn_t){4}, NULL, &g);
    tdp_commit(&tdp, &g);
    read_unlock(&tdp.lock);
}

static void guest_thread(void *unused)
{
    (void)unused;
    (void)hw_access(0, true);
    (void)hw_access(2, false);
}

static void final(void)
{
    struct tdp_count n;
    const char *broken;

    write_lock(&tdp.lock);
    broken = tdp_check(&tdp, &n);
    write_unlock(&tdp.lock);
    mc_check(!broken, broken);
    mc_check(n.nx_split == tdp.nx.listed, "C10-7: what is listed is what is split");
    mc_check(!written[0] || told[0], "a write is lost");
    while (epoch_collect(&epoch))
        ;
    mc_check(rig_freed_is_untouched(), "a freed table is written");
}

static void final_only_that(void)
{
    struct tdp_leaf l;

    final();
    mc_check(recovered == 1, "recovered other than once");
    mc_check(rig_freed() == 1, "zapped other than once");
    mc_check(tdp_lookup(&tdp, &tdp.root[0], (gfn_t){2}, &l) == TDP_OK && l.pfn.v == 6,
             "the wrong table is gone");
}

/* gfns 0 and 1 in a listed table, 2 in one that is not. */
static void start_with(void (*recovery)(void *))
{
    (void)rig_start();
    recovered = 0;
    rig_map(0, 4, 0);
    rig_map(2, 6, 0);
    rig_list_table();
    mc_thread("recover", recovery, NULL);
}

static void start(void)
{
    start_with(recover_thread);
}

static void setup_guest(void)
{
    start();
    mc_thread("guest", guest_thread, NULL);
}

static void setup_two(void)
{
    start();
    mc_thread("recover too", recover_thread, NULL);
}

static void setup_fault(void)
{
    start();
    mc_thread("fault", fault_thread, NULL);
    rig_pages(1, 1);
}

/* Mutant: the one who recovers takes the gfn off once more, after he has unlinked the table. */
static void recover_twice_thread(void *unused)
{
    struct tdp_gather g = {0};
    struct nx_table n;

    (void)unused;
    read_lock(&tdp.lock);
    tdp_enter(&tdp);
    if (nx_take(&tdp.nx, &n)) {
        recover(&tdp, &n, &g);
        nx_unlist(&tdp.nx, n.root, n.gfn);
    }
    flush_all(NULL);
    tdp_leave(&tdp);
    tdp_commit(&tdp, &g);
    read_unlock(&tdp.lock);
}

static void setup_again(void)
{
    start_with(recover_twice_thread);
    mc_thread("fault", fault_thread, NULL);
    rig_pages(1, 1);
}

static void setup_zap(void)
{
    start();
    mc_thread("zap", zap_thread, NULL);
}

static void setup_tear_down(void)
{
    start();
    mc_thread("tear down", tear_down_thread, NULL);
}

int main(void)
{
    const struct mc_model guest = {.setup = setup_guest, .final = final_only_that};
    const struct mc_model two = {.setup = setup_two, .final = final_only_that};
    const struct mc_model faulted = {.setup = setup_fault, .final = final};
    const struct mc_model again = {.setup = setup_again, .final = final};
    const struct mc_model zapped = {.setup = setup_zap, .final = final};
    const struct mc_model torn = {.setup = setup_tear_down, .final = final};

    mc_holds("H-C-38: recovery under a running guest: that table, and no other", &guest, NULL);
    mc_holds("H-C-38: two recoveries", &two, NULL);
    mc_holds("H-C-38: recovery and a fault in its table", &faulted, NULL);
    mc_holds("H-C-38: recovery and a zap of its table", &zapped, NULL);
    mc_holds("H-C-38: recovery and a root that is torn down", &torn, NULL);
    mc_fails("C3-5: the leaves of the unlinked table are only looked at", &guest,
             MC_MUTANTS({"tdp_take", MC_XCHG, 1, MC_DROP}), "a write is lost");
    mc_fails("C10-6: what an invalid root had listed stays listed", &torn,
             MC_MUTANTS({"nx_clear", MC_STORE, 1, MC_DROP}), "C10-6");
    mc_fails("C10-7: recovery takes off whatever is listed for the gfn by then", &again, NULL, "C10-7");
    return mc_end();
}
