/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tdp_free.c: no hardware walker meets a freed table: unlink, flush, retire (SPEC C5-1, C6-23, H-C-7, H-C-8, H-C-9).
 *
 * A CPU walks to a page while the table on the way is taken away: by a zap, by recovery, by a collapse.
 */
#include "tdp_rig.h"

static void (*take_away)(void);
static void (*commit)(struct tdp *t, struct tdp_gather *g);

static void guest_thread(void *unused)
{
    (void)unused;
    hw_access(0, true);
    hw_access(1, false);
}

/* A software walker: aging clears what it finds set, also in a table that it should not see any more. */
static void ager_thread(void *unused)
{
    u64 young = 0;

    (void)unused;
    tdp_age(&tdp, (gfn_t){0}, (gfn_t){2}, &young, true);
}

static void owner_thread(void *unused)
{
    (void)unused;
    take_away();
    (void)epoch_collect(&epoch);
}

static void zap_both(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    (void)zap(&tdp, &tdp.root[0], 0, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    (void)zap(&tdp, &tdp.root[0], 1, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    commit(&tdp, &g);
    frame_freed |= 1u << 4 | 1u << 5;
    write_unlock(&tdp.lock);
}

static void recover_one(void)
{
    mc_check(tdp_recover(&tdp, 1) == 1, "nothing was recovered");
    frame_freed |= 1u << 4 | 1u << 5;
}

static void collapse_both(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    mc_check(collapse(&tdp, &tdp.root[0], (gfn_t){0}, 1, (pfn_t){4}, &g), "not collapsed");
    commit(&tdp, &g);
    write_unlock(&tdp.lock);
}

static void final(void)
{
    while (epoch_collect(&epoch))
        ;
    mc_check(rig_freed() == 1, "the table was not freed");
    mc_check(rig_freed_is_untouched(), "a freed table is written");
    write_lock(&tdp.lock);
    mc_check(!tdp_check(&tdp, &(struct tdp_count){0}), "the tree is broken");
    write_unlock(&tdp.lock);
}

static void start(void (*how)(void))
{
    (void)rig_start();
    take_away = how;
    commit = tdp_commit;
    rig_map(0, 4, 0);
    rig_map(1, 5, 0);
    mc_thread("guest", guest_thread, NULL);
    mc_thread("owner", owner_thread, NULL);
}

static void setup_zap(void)
{
    start(zap_both);
}

static void setup_recover(void)
{
    start(recover_one);
    rig_list_table();
}

static void setup_collapse(void)
{
    start(collapse_both);
}

static void setup_zap_ager(void)
{
    setup_zap();
    mc_thread("ager", ager_thread, NULL);
}

static void setup_recover_ager(void)
{
    setup_recover();
    mc_thread("ager", ager_thread, NULL);
}

/* Mutant: the table is retired, and may be freed, before the flush. */
static void retire_first(struct tdp *t, struct tdp_gather *g)
{
    while (g->tables)
        epoch_retire(t->epoch, g->table[--g->tables]);
    (void)epoch_collect(t->epoch);
    flush_all(t->vm);
}

static void setup_retire_first(void)
{
    start(zap_both);
    commit = retire_first;
}

/* Mutant: the flush of the leaves is taken for that of the table (a flush before the unlink). */
static void zap_flush_between(void)
{
    struct tdp_gather g = {0};

    write_lock(&tdp.lock);
    (void)zap(&tdp, &tdp.root[0], 0, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    tdp_commit(&tdp, &g);
    (void)zap(&tdp, &tdp.root[0], 1, (gfn_t){0}, (gfn_t){2}, NULL, &g);
    g.flush = false;
    tdp_commit(&tdp, &g);
    write_unlock(&tdp.lock);
}

static void setup_flush_between(void)
{
    start(zap_flush_between);
}

/* Mutant: no flush at all. */
static void no_flush(struct tdp *t, struct tdp_gather *g)
{
    g->flush = false;
    tdp_commit(t, g);
}

static void setup_no_flush(void)
{
    start(zap_both);
    commit = no_flush;
}

int main(void)
{
    const struct mc_model zapped = {.setup = setup_zap, .final = final};
    const struct mc_model recovered = {.setup = setup_recover, .final = final};
    const struct mc_model collapsed = {.setup = setup_collapse, .final = final};
    const struct mc_model zap_ager = {.setup = setup_zap_ager, .final = final};
    const struct mc_model recover_ager = {.setup = setup_recover_ager, .final = final};
    const struct mc_model retired = {.setup = setup_retire_first};
    const struct mc_model between = {.setup = setup_flush_between};
    const struct mc_model without = {.setup = setup_no_flush};
    const char *walked = "a table is freed that a CPU may still walk", *used = "the guest uses a freed frame";

    mc_holds("H-C-8: zap: unlink, flush, retire", &zapped, NULL);
    mc_holds("H-C-8: recovery", &recovered, NULL);
    mc_holds("H-C-8, H-C-35: collapse: freeze, flush, clear, retire", &collapsed, NULL);
    mc_fails("H-C-9: retired before the flush", &retired, NULL, walked);
    mc_fails("H-C-9: flushed before the unlink", &between, NULL, walked);
    mc_fails("H-C-9: not flushed", &without, NULL, walked);
    mc_fails("H-C-9: flushed without waiting for the guest to leave", &zapped,
             MC_MUTANTS({"flush_all", MC_LOAD, 1, MC_DROP}), used);
    mc_holds("H-C-7: zap while a software walker is on its way", &zap_ager, NULL);
    mc_holds("H-C-7: recovery meanwhile", &recover_ager, NULL);
    mc_fails("H-C-7: the walker is in no section", &zap_ager,
             MC_MUTANTS({"epoch_enter", MC_STORE, 1, MC_DROP}), "a freed table is written");
    mc_fails("H-C-7: no barrier on its entry", &zap_ager, MC_MUTANTS({"epoch_enter", MC_FENCE, 1, MC_DROP}),
             "a freed table is written");
    return mc_end();
}
