/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx_yield.c: nobody lets go of the lock or leaves a read section with a flush owed (seed 002, SPEC C10-8, C10-10).
 *
 * The tests' TLB knows some translations of each root until it is flushed. Whenever the tree unlocks, retires a table
 * or ends recovery's read section, what the TLB knows must still be so.
 */
#include "nx_rig.h"
#include "flush.h"

#define KNOWN_MAX 256

static struct {
    struct tdp_root *root;
    u64 gfn;
    struct tdp_leaf leaf;
} known[KNOWN_MAX];
static unsigned known_count, flushes, looks;
static void (*meanwhile)(void);     /* what another CPU does during the next flush … */
static void (*before_retire)(void); /* … or before the next table is retired */

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    (void)vm, (void)start, (void)pages;
}

static void another_cpu(void (**does)(void))
{
    void (*now)(void) = *does;

    *does = NULL;
    if (!now)
        return;
    if (write_held(&rig.t->lock))
        fail_msg("H-C-41: faults wait");
    fake_cpu = 1;
    now();
    fake_cpu = 0;
}

/* In place of flush.c. */
void flush_all(struct vm *vm)
{
    assert_ptr_equal(vm, &rig.vm);
    flushes++;
    known_count = 0;
    another_cpu(&meanwhile);
}

void flush_roots(struct vm *vm)
{
    flush_all(vm);
}

static struct tdp_leaf leaf_seen_by_another_cpu(struct tdp_root *r, u64 gfn)
{
    struct tdp_leaf leaf;

    fake_cpu = 1; /* sections of one CPU do not nest */
    leaf = rig_leaf(r, gfn);
    fake_cpu = 0;
    return leaf;
}

static void lets_go(void)
{
    looks++;
    for (unsigned i = 0; i < known_count; i++) {
        struct tdp_leaf now = leaf_seen_by_another_cpu(known[i].root, known[i].gfn);

        if (now.level != known[i].leaf.level || now.pfn.v != known[i].leaf.pfn.v)
            fail_msg("gfn %lx: a flush is owed", known[i].gfn);
    }
}

/* The tree, watched. */
#define read_unlock(l)     (lets_go(), (read_unlock)(l))
#define write_unlock(l)    (lets_go(), (write_unlock)(l))
#define epoch_retire(e, p) (lets_go(), another_cpu(&before_retire), (epoch_retire)(e, p))
#define epoch_exit(e, cpu) (lets_go(), (epoch_exit)(e, cpu))
#include "../../host/core/tdp.c"
#undef epoch_exit
#include "../../host/core/tdp_root.c"

static int setup(void **state)
{
    (void)state;
    known_count = flushes = looks = 0;
    rig_make(&tdp_npt);
    fake.cpus = 2;
    rig.t->nx.on = rig.t->nx.enforced = true;
    return 0;
}

static int end(void **state)
{
    known_count = 0;
    meanwhile = before_retire = NULL;
    return rig_end(state);
}

/* The guest uses gfn: the TLB knows it from now on. */
static void use(struct tdp_root *r, u64 gfn, u32 access)
{
    rig_fault(r, gfn, access);
    known[known_count].root = r;
    known[known_count].gfn = gfn;
    known[known_count++].leaf = rig_leaf(r, gfn);
}

static void zap_and_keep(struct tdp_gather *g, u64 first, u64 blocks)
{
    tdp_zap(rig.t, (gfn_t){first * HUGE}, (gfn_t){(first + blocks) * HUGE}, NULL, g);
}

static void zap_and_commit(u64 first, u64 blocks)
{
    struct tdp_gather g = {0};

    write_lock(&rig.t->lock);
    zap_and_keep(&g, first, blocks);
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
}

/* The watch itself: a flush that is forgotten is seen. */
static void the_watch_works(void **state)
{
    (void)state;
    use(rig.root[0], 0, ACCESS_EXEC);
    lets_go();
    zap_and_commit(0, 1);
    assert_int_equal(known_count, 0);
    assert_int_equal(flushes, 1);
}

/* C10-5: one flush for all tables of a slice, in the read section, before the first is retired. */
static void recovery_flushes_before_it_lets_go(void **state)
{
    (void)state;
    for (u64 i = 0; i < 10; i++)
        use(rig.root[i % 2], i * HUGE, ACCESS_EXEC);
    looks = 0;
    assert_int_equal(tdp_recover(rig.t, 10), 10);
    assert_int_equal(flushes, 1);
    assert_int_equal(looks, 1 + 10 + 1); /* the section's end, ten pages, the lock */
    assert_int_equal(known_count, 0);
}

static void nothing_to_recover_nothing_to_flush(void **state)
{
    (void)state;
    use(rig.root[0], 0, ACCESS_READ);
    assert_int_equal(tdp_recover(rig.t, 10), 0);
    assert_int_equal(flushes, 0);
}

/* C10-9: so many at a time, however many are asked for. */
static void recovery_is_bounded(void **state)
{
    (void)state;
    for (u64 i = 0; i < TDP_GATHER_TABLES + 5; i++)
        use(rig.root[0], i * HUGE, ACCESS_EXEC);
    assert_int_equal(tdp_recover(rig.t, ~0u), TDP_GATHER_TABLES);
    assert_int_equal(tdp_recover(rig.t, ~0u), 5);
}

/*
 * C10-8 (i), Linux 5.10: a yield in the middle of a zap dropped the flush that was owed. Here: several slices, between
 * which the lock is free, over leaves and tables of two roots.
 */
static void bug_5_10_yield_drops_the_flush(void **state)
{
    (void)state;
    for (u64 i = 0; i < 2 * TDP_GATHER_TABLES; i++)
        use(rig.root[i % 2], i * HUGE, ACCESS_EXEC);
    looks = 0;
    tdp_zap_slowly(rig.t, (gfn_t){0}, (gfn_t){2 * TDP_GATHER_TABLES * HUGE});
    assert_true(looks > 2 * TDP_GATHER_TABLES);
    assert_int_equal(known_count, 0);
    assert_int_equal(rig_check().tables, 2 * 3); /* those above; H-C-16: no slice has skipped a table */
}

/* The same across two lists: the second root's tables overflow the gather, the first one's flush is owed (H-C-13). */
static void bug_5_10_the_other_root_drops_the_flush(void **state)
{
    struct tdp_gather g = {0};

    (void)state;
    for (u64 i = 0; i < TDP_GATHER_TABLES + 1; i++)
        rig_split(rig.root[1], i);
    use(rig.root[0], 0, ACCESS_READ);
    write_lock(&rig.t->lock);
    zap_and_keep(&g, 0, TDP_GATHER_TABLES + 1);
    assert_int_equal(flushes, 1); /* with the overflow */
    assert_int_equal(known_count, 0);
    assert_int_equal(g.tables, 1);
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
}

/* H-C-13: nothing was zapped in the second root; what the first one owes stays owed. */
static void the_first_roots_flush_is_not_lost(void **state)
{
    struct tdp_gather g = {0};

    (void)state;
    use(rig.root[0], 0, ACCESS_READ);
    write_lock(&rig.t->lock);
    zap_and_keep(&g, 0, 1);
    assert_true(g.flush);
    assert_int_equal(flushes, 0);
    tdp_commit(rig.t, &g);
    assert_int_equal(flushes, 1);
    write_unlock(&rig.t->lock);
}

/* C10-8 (ii), the fix in 5.12: what was owed before is passed in, and is owed afterwards, or was flushed (H-C-14). */
static void bug_5_12_pending_state_is_passed_in(void **state)
{
    struct tdp_gather g = {.flush = true};

    (void)state;
    write_lock(&rig.t->lock);
    zap_and_keep(&g, 0, 100); /* nothing there */
    assert_true(g.flush);
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
    assert_int_equal(flushes, 1);
    assert_false(g.flush);
}

/* The follow-up to it: the flag is kept across zaps that come one after the other. */
static void bug_5_12_flag_is_kept_across_zaps(void **state)
{
    struct tdp_gather g = {0};

    (void)state;
    use(rig.root[1], 3 * HUGE, ACCESS_READ);
    use(rig.root[0], 4 * HUGE, ACCESS_READ);
    write_lock(&rig.t->lock);
    zap_and_keep(&g, 3, 1);
    assert_true(g.flush);
    zap_and_keep(&g, 5, 1); /* nothing there */
    assert_true(g.flush);
    zap_and_keep(&g, 4, 1);
    assert_true(g.flush);
    assert_int_equal(flushes, 0); /* one for all of them */
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
    assert_int_equal(flushes, 1);
    assert_int_equal(known_count, 0);
}

/*
 * C10-8 (iii), until 5.18: recovery zapped the range of gfns in all roots. H-C-39: one table of the root it belongs to,
 * whatever other roots have at the same place, and whatever lies beside it.
 */
static void bug_5_18_only_the_one_table(void **state)
{
    struct tdp_count before, after;

    (void)state;
    rig_split(rig.root[0], 1);
    rig_split(rig.root[1], 1);
    rig_split(rig.root[0], 2);
    rig_fault(rig.root[0], 3 * HUGE, ACCESS_READ);
    rig_fault(rig.root[1], 0, ACCESS_READ);
    before = rig_check();
    assert_int_equal(tdp_recover(rig.t, 1), 1);
    after = rig_check();
    assert_false(rig_is_split(rig.root[0], 1));
    assert_true(rig_is_split(rig.root[1], 1));
    assert_true(rig_is_split(rig.root[0], 2));
    assert_int_equal(after.tables, before.tables - 1);
    assert_int_equal(after.leaves[0], before.leaves[0] - 1);
    assert_int_equal(after.leaves[1], before.leaves[1]);
}

static void another_cpu_faults(void)
{
    rig_fault(rig.root[0], HUGE, ACCESS_READ);         /* where the table was */
    rig_fault(rig.root[0], 2 * HUGE + 1, ACCESS_READ); /* in a table that is still there */
    rig_split(rig.root[1], 5);
    rig_split(rig.root[0], 6);
}

/* C10-8 (iv), until 6.18: recovery held the lock for write. H-C-41: faults go on while it waits for its flush. */
static void bug_6_18_faults_wait_for_recovery(void **state)
{
    (void)state;
    rig_split(rig.root[0], 1);
    rig_split(rig.root[0], 2);
    meanwhile = another_cpu_faults;
    assert_int_equal(tdp_recover(rig.t, 1), 1);
    assert_int_equal(flushes, 1);
    assert_int_equal(rig_leaf(rig.root[0], HUGE).level, 1);
    assert_int_equal(rig_leaf(rig.root[0], 2 * HUGE + 1).level, 0);
    assert_int_equal(rig_check().nx_split, 3);
}

static void the_same_block_again(void)
{
    rig_split(rig.root[0], 1);
}

/* C10-7: split anew before recovery is done with it: the new table is listed, and lives. */
static void split_again_meanwhile(void **state)
{
    (void)state;
    rig_split(rig.root[0], 1);
    meanwhile = the_same_block_again;
    assert_int_equal(tdp_recover(rig.t, 64), 1);
    assert_true(rig_is_split(rig.root[0], 1));
    assert_int_equal(rig_check().nx_split, 1);
    assert_int_equal(tdp_recover(rig.t, 64), 1);
    assert_false(rig_is_split(rig.root[0], 1));
}

static void recover_meanwhile(void)
{
    assert_int_equal(tdp_recover(rig.t, 64), 0);
}

/* Tables of a root that is being torn down are no longer recovery's business. */
static void invalid_roots_are_not_recovered(void **state)
{
    (void)state;
    for (u64 i = 0; i < TDP_GATHER_TABLES + 1; i++)
        rig_split(rig.root[0], i);
    before_retire = recover_meanwhile; /* one is still there */
    tdp_zap_all(rig.t);
    assert_null(before_retire);
    assert_int_equal(rig.t->nx.recovered, 0);
}

/* As vCPUs do: a fresh root, and a huge leaf to execute from, if there is such a thing. */
static void fetch_in_a_fresh_root(void)
{
    struct tdp_root *old = rig.root[0];
    struct tdp_map m = {.gfn = {HUGE}, .pfn = {RIG_FRAME + HUGE}, .level = 1, .access = ACCESS_EXEC};

    assert_true(old->invalid);
    rig.root[0] = tdp_root_get(rig.t, 0);
    assert_non_null(rig.root[0]);
    rig_map(rig.root[0], &m); /* decided long ago */
    tdp_root_put(rig.t, old);
}

/* C6-32: what is mapped while everything is being zapped goes by the new rule already. */
static void switched_before_the_zap(void **state)
{
    (void)state;
    rig_split(rig.root[1], 1);
    assert_int_equal(nx_set(&rig.vm, false), NX_DONE);
    for (unsigned i = 0; i < ARRAY_SIZE(rig.root); i++) {
        tdp_root_put(rig.t, rig.root[i]);
        rig.root[i] = tdp_root_get(rig.t, i);
        assert_non_null(rig.root[i]);
    }
    rig_fault(rig.root[1], HUGE, ACCESS_EXEC);
    assert_true(rig_leaf(rig.root[1], HUGE).exec);
    before_retire = fetch_in_a_fresh_root;
    assert_int_equal(nx_set(&rig.vm, true), NX_DONE);
    assert_null(before_retire);
    assert_int_equal(rig_leaf(rig.root[0], HUGE).level, 1);
    assert_false(rig_leaf(rig.root[0], HUGE).exec);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, end)
    const struct CMUnitTest tests[] = {
        test(the_watch_works),
        test(recovery_flushes_before_it_lets_go),
        test(nothing_to_recover_nothing_to_flush),
        test(recovery_is_bounded),
        test(bug_5_10_yield_drops_the_flush),
        test(bug_5_10_the_other_root_drops_the_flush),
        test(the_first_roots_flush_is_not_lost),
        test(bug_5_12_pending_state_is_passed_in),
        test(bug_5_12_flag_is_kept_across_zaps),
        test(bug_5_18_only_the_one_table),
        test(bug_6_18_faults_wait_for_recovery),
        test(split_again_meanwhile),
        test(invalid_roots_are_not_recovered),
        test(switched_before_the_zap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
