/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx.c: huge leaves that are not executable: what a fetch gets, what is listed, what recovery takes and what it leaves
 * (SPEC C10, H-C-36, 37, 39), in every entry format.
 */
#include "nx_rig.h"

static u64 told; /* pages, since the test began */

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    (void)vm, (void)start;
    told += pages;
}

static int setup(void **state)
{
    told = 0;
    rig_make(*(const struct tdp_ops *const *)*state);
    rig.t->nx.on = rig.t->nx.enforced = true;
    return 0;
}

/* H-C-36: data is huge and not executable; a fetch makes one table and executes in it; what lies beside stays huge. */
static void fetch_gets_small_leaves(void **state)
{
    struct tdp_root *r = rig.root[0];
    struct tdp_count n;

    (void)state;
    rig_fault(r, 5, ACCESS_WRITE);
    rig_fault(r, HUGE + 5, ACCESS_READ);
    assert_int_equal(rig_leaf(r, 0).level, 1);
    assert_false(rig_leaf(r, 5).exec);
    assert_int_equal(tdp_fix(rig.t, r, (gfn_t){5}, ACCESS_EXEC), TDP_NONE); /* no permission to be given */
    rig_fault(r, 7, ACCESS_EXEC);
    assert_int_equal(rig_leaf(r, 7).level, 0);
    assert_true(rig_leaf(r, 7).exec);
    assert_int_equal(rig_leaf(r, 7).pfn.v, RIG_FRAME + 7);
    assert_true(rig_leaf(r, 9).exec); /* C9-3: only the mitigation had taken it away */
    assert_true(rig_leaf(r, 9).write);
    assert_int_equal(rig_leaf(r, HUGE).level, 1);
    n = rig_check();
    assert_int_equal(n.nx_split, 1);
    assert_int_equal(n.leaves[0], HUGE);
    assert_int_equal(n.leaves[1], 1);
    assert_int_equal(rig.t->nx.splits, 1);
}

/* The first touch is a fetch: a table with one leaf, listed as well. */
static void first_touch_by_fetch(void **state)
{
    (void)state;
    rig_split(rig.root[0], 3);
    assert_int_equal(rig_leaf(rig.root[0], 3 * HUGE + 1).level, 9);
    assert_int_equal(rig_check().nx_split, 1);
}

/* C10-2: no later fault puts a huge leaf over the table. */
static void data_faults_go_into_the_table(void **state)
{
    (void)state;
    rig_split(rig.root[0], 3);
    rig_fault(rig.root[0], 3 * HUGE + 1, ACCESS_WRITE);
    assert_int_equal(rig_leaf(rig.root[0], 3 * HUGE + 1).level, 0);
    assert_int_equal(rig_check().nx_split, 1);
}

/* C10-1: only what would otherwise be huge is listed, and only while the mitigation is on. */
static void other_tables_are_not_listed(void **state)
{
    struct tdp_map m = {.gfn = {4}, .pfn = {RIG_FRAME + 4}, .access = ACCESS_EXEC};

    (void)state;
    rig_map(rig.root[0], &m); /* the pager's block is not whole */
    rig.t->nx.on = rig.t->nx.enforced = false;
    m = (struct tdp_map){
        .gfn = {2 * HUGE}, .pfn = {RIG_FRAME + 2 * HUGE}, .nx_level = 1, .access = ACCESS_EXEC};
    rig_map(rig.root[0], &m); /* decided a moment ago, when it was on */
    rig_fault(rig.root[0], HUGE, ACCESS_EXEC);
    assert_int_equal(rig_leaf(rig.root[0], HUGE).level, 1);
    assert_true(rig_leaf(rig.root[0], HUGE).exec);
    assert_int_equal(rig_check().nx_split, 0);
    assert_int_equal(tdp_recover(rig.t, 64), 0);
}

/* A fetch in 1 GiB: its other blocks stay huge, only the table of 4 KiB leaves is listed, and 2 MiB come back. */
static void one_gib(void **state)
{
    struct tdp_root *r = rig.root[0];
    u64 gib = (u64)HUGE * HUGE;
    struct tdp_map data = {.gfn = {gib}, .pfn = {RIG_FRAME + gib}, .level = 2, .access = ACCESS_READ};
    struct tdp_map fetch = {
        .gfn = {gib}, .pfn = {RIG_FRAME + gib}, .nx_level = 2, .access = ACCESS_EXEC | ACCESS_READ};

    (void)state;
    rig_map(r, &data);
    assert_int_equal(rig_leaf(r, gib).level, 2);
    assert_false(rig_leaf(r, gib).exec);
    rig_map(r, &fetch);
    assert_true(rig_leaf(r, gib).exec);
    assert_int_equal(rig_leaf(r, gib + HUGE).level, 1);
    assert_false(rig_leaf(r, gib + HUGE).exec);
    assert_int_equal(rig_check().nx_split, 1);
    assert_int_equal(tdp_recover(rig.t, 64), 1);
    assert_int_equal(rig_leaf(r, gib).level, 9);
    assert_int_equal(rig_leaf(r, gib + HUGE).level, 1);
}

/* H-C-37: the oldest go first, as many as asked for; the counts agree; then data is huge again. */
static void oldest_first(void **state)
{
    static const u64 order[] = {7, 2, 9, 4, 1};
    struct tdp_root *r = rig.root[0];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
        rig_split(r, order[i]);
    for (unsigned gone = 1; gone <= ARRAY_SIZE(order); gone++) {
        assert_int_equal(tdp_recover(rig.t, 1), 1);
        for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
            assert_int_equal(rig_is_split(r, order[i]), i >= gone);
        assert_int_equal(rig.t->nx.recovered, gone);
        assert_int_equal(rig_check().nx_split, ARRAY_SIZE(order) - gone);
    }
    assert_int_equal(tdp_recover(rig.t, 64), 0);
    rig_fault(r, 7 * HUGE, ACCESS_READ);
    assert_int_equal(rig_leaf(r, 7 * HUGE).level, 1);
    rig_split(r, 7); /* and once more */
    assert_int_equal(rig.t->nx.splits, ARRAY_SIZE(order) + 1);
}

/* What was written through the small leaves is told before they are gone (C3-3). */
static void dirty_leaves_are_told(void **state)
{
    struct tdp_root *r = rig.root[0];
    bool by_hardware = tdp_has_dirty(rig.t);

    (void)state;
    rig_split(r, 1);
    rig_fault(r, HUGE + 5, ACCESS_WRITE);
    assert_int_equal(told,
                     by_hardware ? 0 : 1); /* without dirty bits a permission is told when it is given */
    told = 0;
    assert_int_equal(tdp_recover(rig.t, 1), 1);
    assert_int_equal(told, by_hardware ? 0 : 1); /* the hardware of this test has written nothing */
}

/* C10-5: while the dirty log is kept nothing is given back, and nothing is lost from the list. */
static void not_during_the_dirty_log(void **state)
{
    (void)state;
    rig_split(rig.root[0], 1);
    at_store(&rig.t->log, TDP_LOG_WRITE_PROTECT);
    assert_int_equal(tdp_recover(rig.t, 64), 0);
    assert_true(rig_is_split(rig.root[0], 1));
    assert_int_equal(rig_check().nx_split, 1);
    at_store(&rig.t->log, TDP_LOG_OFF);
    assert_int_equal(tdp_recover(rig.t, 64), 1);
}

/* A table that somebody else has zapped is not recovered, nor is the one that came in its place out of turn. */
static void zapped_meanwhile(void **state)
{
    struct tdp_root *r = rig.root[0];
    struct tdp_gather g = {0};

    (void)state;
    rig_split(r, 1);
    rig_split(r, 2);
    write_lock(&rig.t->lock);
    tdp_zap(rig.t, (gfn_t){HUGE}, (gfn_t){2 * HUGE}, NULL, &g);
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
    assert_int_equal(rig_check().nx_split, 1);
    rig_split(r, 1); /* the youngest now */
    assert_int_equal(tdp_recover(rig.t, 1), 1);
    assert_true(rig_is_split(r, 1));
    assert_false(rig_is_split(r, 2));
}

/* A table is not collapsed behind the list's back. */
static void collapse_keeps_off(void **state)
{
    struct tdp_gather g = {0};

    (void)state;
    rig_fault(rig.root[0], HUGE, ACCESS_WRITE);
    rig_split(rig.root[0], 1); /* all its leaves are there */
    write_lock(&rig.t->lock);
    assert_int_equal(tdp_collapse(rig.t, (gfn_t){HUGE}, 1, (pfn_t){RIG_FRAME + HUGE}, &g), 0);
    tdp_commit(rig.t, &g);
    write_unlock(&rig.t->lock);
    assert_int_equal(rig_check().nx_split, 1);
}

/* The bound: what finds no place is split all the same, is told apart, and can be collapsed. */
static void list_is_full(void **state)
{
    struct tdp_root *r = rig.root[0];
    struct nx *n = &rig.t->nx;

    (void)state;
    for (u64 i = 0; i < NX_LISTED_MAX; i++) {
        assert_true(nx_reserve(n));
        nx_list(n, rig.root[1], (gfn_t){i * HUGE});
    }
    assert_false(nx_reserve(n));
    rig_fault(r, HUGE, ACCESS_WRITE);
    rig_split(r, 1);
    assert_int_equal(n->unlisted, 2);
    nx_unlist(n, rig.root[1], (gfn_t){10 * HUGE});
    rig_split(r, 2);
    assert_int_equal(n->listed, NX_LISTED_MAX);
    nx_unlist(n, rig.root[1], (gfn_t){20 * HUGE});
    assert_true(nx_reserve(n)); /* a place that is promised is a place */
    assert_false(nx_reserve(n));
    nx_cancel(n);
    for (u64 i = 0; i < NX_LISTED_MAX - 2; i++) { /* round the end of the ring, in order, without those two */
        struct nx_table out;

        assert_true(nx_take(n, &out));
        assert_ptr_equal(out.root, rig.root[1]);
        assert_int_equal(out.gfn.v, (i + (i >= 10) + (i >= 19)) * HUGE);
    }
    assert_int_equal(rig_check().nx_split, 1);
    assert_int_equal(tdp_recover(rig.t, 64), 1);
    assert_false(rig_is_split(r, 2));
}

/* Two roots have a table at the same place: the one that is zapped is taken off. */
static void roots_are_told_apart(void **state)
{
    struct nx *n = &rig.t->nx;
    struct nx_table out;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_true(nx_reserve(n));
        nx_list(n, rig.root[i], (gfn_t){HUGE});
    }
    nx_unlist(n, rig.root[1], (gfn_t){HUGE});
    assert_true(nx_take(n, &out));
    assert_ptr_equal(out.root, rig.root[0]);
    assert_false(nx_take(n, &out));
}

/* Roots that become invalid take their tables off the list; their tear-down finds nothing there. */
static void zap_all_clears_the_list(void **state)
{
    (void)state;
    rig_split(rig.root[0], 1);
    rig_split(rig.root[1], 1);
    tdp_zap_all(rig.t);
    assert_int_equal(rig.t->nx.listed, 0);
    assert_int_equal(tdp_recover(rig.t, 64), 0);
    assert_int_equal(rig_check().nx_split, 0);
}

#define test(f, ops)                                    \
    {                                                   \
#f, f, setup, rig_end, (void *)(uintptr_t)(ops) \
    }
#define TESTS 13

int main(void)
{
    struct CMUnitTest tests[ARRAY_SIZE(rig_formats) * TESTS];

    for (unsigned i = 0; i < ARRAY_SIZE(rig_formats); i++) {
        const struct tdp_ops *const *ops = &rig_formats[i];
        const struct CMUnitTest these[TESTS] = {
            test(fetch_gets_small_leaves, ops),
            test(first_touch_by_fetch, ops),
            test(data_faults_go_into_the_table, ops),
            test(other_tables_are_not_listed, ops),
            test(one_gib, ops),
            test(oldest_first, ops),
            test(dirty_leaves_are_told, ops),
            test(not_during_the_dirty_log, ops),
            test(zapped_meanwhile, ops),
            test(collapse_keeps_off, ops),
            test(list_is_full, ops),
            test(roots_are_told_apart, ops),
            test(zap_all_clears_the_list, ops),
        };

        memcpy(&tests[i * TESTS], these, sizeof(these));
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
