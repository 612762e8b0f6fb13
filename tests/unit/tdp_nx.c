/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_nx.c: no huge leaf is executable; what stands back for fetches is given back (SPEC C10, H-C-36 … 39). */
#include "tdp_rig.h"

#define GFN (4 * FULL)
#define PFN (7 * FULL)

static int setup(void **state)
{
    int failed = rig_setup(state);

    t.nx.on = true;
    return failed;
}

static enum tdp_result fetch(u64 i)
{
    const struct tdp_map m = {
        .gfn = {GFN + i}, .pfn = {PFN + i}, .level = 0, .nx_level = 1, .access = ACCESS_EXEC};
    enum tdp_result r;

    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    r = tdp_map(&t, root, &m, &cache);
    read_unlock(&t.lock);
    return r;
}

static void recover_all(unsigned expected)
{
    assert_int_equal(tdp_recover(&t, ~0u), expected);
    assert_false(read_held(&t.lock));
    (void)epoch_collect(&epoch);
}

/* H-C-36. */
static void no_huge_leaf_is_executable(void **state)
{
    (void)state;
    assert_int_equal(map_as(GFN, PFN, 1, ACCESS_READ), TDP_OK);
    assert_int_equal(map_as(GFN + FULL, PFN + FULL, 2, ACCESS_READ), TDP_OK);
    assert_false(leaf(GFN).exec || leaf(GFN + FULL).exec);
    assert_int_equal(touch(GFN + 5, ACCESS_READ), PFN + 5);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), 0);
    assert_int_equal(touch(GFN + FULL, ACCESS_EXEC), 0);
    assert_int_equal(fix(GFN + 5, ACCESS_EXEC), TDP_NONE);
    age(GFN + 5, true);
    assert_int_equal(fix(GFN + 5, ACCESS_EXEC), TDP_NONE);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), 0);
    count();
}

/* A fetch splits, and all of the 2 MiB can be fetched from then on; data beside it stays huge. */
static void a_fetch_gets_4k(void **state)
{
    (void)state;
    map_as(GFN, PFN, 1, ACCESS_READ);
    map_as(GFN + 512, PFN + 512, 1, ACCESS_READ);
    assert_int_equal(fetch(5), TDP_SPURIOUS);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), PFN + 5);
    assert_int_equal(touch(GFN + 6, ACCESS_EXEC), PFN + 6);
    assert_int_equal(touch(GFN + 6, ACCESS_READ), PFN + 6);
    assert_int_equal(leaf(GFN + 6).level, 0);
    assert_int_equal(leaf(GFN + 512).level, 1);
    assert_int_equal(count().nx_split, 1);
    assert_int_equal(t.nx.listed, 1);
    assert_int_equal(t.nx.splits, 1);
    assert_int_equal(fetch(6), TDP_SPURIOUS);
    assert_int_equal(t.nx.splits, 1); /* listed once */
}

/* The same where nothing was: the first touch is a fetch. And one by a table that was there already is not listed. */
static void first_touch_by_a_fetch(void **state)
{
    (void)state;
    assert_int_equal(fetch(5), TDP_OK);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), PFN + 5);
    assert_int_equal(count().nx_split, 1);
    map(GFN + 512, PFN + 512);
    assert_int_equal(fetch(513), TDP_OK);
    assert_int_equal(count().nx_split, 1);
}

/* A leaf of 1 GiB: what is listed is the table of 4 KiB leaves (H-C-36); the 2 MiB leaves are not executable. */
static void a_fetch_in_1g(void **state)
{
    (void)state;
    map_as(GFN, PFN, 2, ACCESS_READ);
    assert_int_equal(fetch(5 * 512 + 7), TDP_SPURIOUS);
    assert_int_equal(touch(GFN + 5 * 512 + 7, ACCESS_EXEC), PFN + 5 * 512 + 7);
    assert_int_equal(touch(GFN + 6 * 512, ACCESS_EXEC), 0);
    assert_int_equal(leaf(GFN + 6 * 512).level, 1);
    assert_int_equal(count().nx_split, 1);
    recover_all(1);
    assert_true(absent(GFN + 5 * 512));
    assert_int_equal(map_as(GFN + 5 * 512, PFN + 5 * 512, 1, ACCESS_READ), TDP_OK);
    assert_int_equal(leaf(GFN + 5 * 512).level, 1);
}

/* An aged huge leaf has no rights for the moment; its 4 KiB leaves can be fetched from all the same. */
static void a_fetch_in_an_aged_leaf(void **state)
{
    (void)state;
    map_as(GFN, PFN, 1, ACCESS_RW);
    age(GFN, true);
    assert_int_not_equal(fetch(5), TDP_RETRY);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), PFN + 5);
    if (!touch(GFN + 6, ACCESS_EXEC))
        assert_int_equal(fix(GFN + 6, ACCESS_EXEC), TDP_OK);
    assert_int_equal(touch(GFN + 6, ACCESS_EXEC), PFN + 6);
}

/* H-C-33 under the mitigation: 2 MiB leaves out of 1 GiB are not executable, 4 KiB leaves are. */
static void splitting(void **state)
{
    (void)state;
    for (unsigned aged = 0; aged < 2; aged++) {
        map_as(GFN, PFN, 2, ACCESS_READ);
        if (aged)
            age(GFN, true);
        assert_true(split(GFN, GFN + 1, 0));
        if (aged)
            assert_int_not_equal(fix(GFN + 600, ACCESS_READ), TDP_NONE);
        assert_int_equal(touch(GFN + 600, ACCESS_EXEC), 0);
        assert_int_not_equal(fix(GFN + 3, ACCESS_EXEC), TDP_NONE);
        assert_int_equal(touch(GFN + 3, ACCESS_EXEC), PFN + 3);
        assert_int_equal(count().nx_split, 0); /* nobody fetched */
        zap(GFN, GFN + FULL);
    }
}

static void in_order(void)
{
    assert_int_equal(epoch.cpu[fake_cpu].active != EPOCH_IDLE, 1); /* C5-2: flushed before the section ends */
    assert_true(read_held(&t.lock) && !write_held(&t.lock));       /* H-C-41 */
    assert_int_equal(epoch.count, 0);
}

/* H-C-37, 38: exactly that table, oldest first; dirty pages are told; one flush. */
static void recovery(void **state)
{
    (void)state;
    for (u64 i = 0; i < 5; i++)
        assert_int_equal(fetch(512 * i), TDP_OK);
    map(GFN + 5 * 512, PFN + 5 * 512);
    assert_int_equal(map_as(GFN + 1, PFN + 1, 0, ACCESS_RW), TDP_OK);
    touch(GFN + 1, ACCESS_WRITE);
    forget();
    rig.flushed = in_order;
    assert_int_equal(tdp_recover(&t, 2), 2);
    rig.flushed = NULL;
    assert_int_equal(rig.flushes, 1);
    assert_int_equal(told(GFN + 1), 1);
    assert_int_equal(epoch.count, 2);
    assert_true(absent(GFN) && absent(GFN + 1) && absent(GFN + 512));
    for (u64 i = 2; i < 6; i++)
        assert_int_equal(touch(GFN + 512 * i, ACCESS_EXEC), PFN + 512 * i);
    assert_int_equal(count().nx_split, 3);
    recover_all(3);
    recover_all(0);
    assert_int_equal(count().nx_split, 0);
    assert_int_equal(touch(GFN + 5 * 512, ACCESS_EXEC), PFN + 5 * 512); /* was never huge */
    assert_int_equal(tdp_recover(&t, 0), 0);
    forget();
    recover_all(0);
    assert_int_equal(rig.flushes, 0);
}

/* H-C-39. */
static void only_the_owning_root(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    fetch(5);
    root = second;
    fetch(5);
    assert_int_equal(count().nx_split, 2);
    assert_int_equal(tdp_recover(&t, 1), 1);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), PFN + 5);
    root = first;
    assert_true(absent(GFN + 5));
    assert_int_equal(count().nx_split, 1);
    rig_retire(second);
    assert_int_equal(t.nx.listed, 0); /* C10-7: zap_all has taken it off */
    recover_all(0);
}

/* Whoever else removes the table takes it off the list. */
static void others_take_it_off(void **state)
{
    (void)state;
    fetch(5);
    zap(GFN + 5, GFN + 6); /* the leaf, not the table */
    assert_int_equal(count().nx_split, 1);
    zap(GFN, GFN + 512);
    assert_int_equal(count().nx_split, 0);
    assert_int_equal(t.nx.listed, 0);
    fetch(5);
    tdp_zap_slowly(&t, (gfn_t){0}, (gfn_t){gfn_limit()});
    assert_int_equal(count().nx_split, 0);
    recover_all(0);
}

/* A listed table does not become a huge leaf before it was recovered: it would not be executable. */
static void no_collapse_of_listed_tables(void **state)
{
    (void)state;
    for (u64 i = 0; i < 512; i++)
        fetch(i);
    assert_int_equal(collapse(GFN, 1, PFN), 0);
    assert_int_equal(count().nx_split, 1);
    recover_all(1);
    for (u64 i = 0; i < 512; i++)
        map(GFN + i, PFN + i);
    assert_int_equal(collapse(GFN, 1, PFN), 1);
    commit();
    assert_false(leaf(GFN).exec);
    count();
}

/* Neither the list's end nor the gather's is a surprise. */
static void bounds(void **state)
{
    const u64 n = NX_LISTED_MAX + 3;
    unsigned rounds = 0;

    (void)state;
    for (u64 i = 0; i < n; i++)
        assert_int_equal(fetch(512 * i), TDP_OK);
    assert_int_equal(t.nx.unlisted, 3);
    assert_int_equal(count().nx_split, NX_LISTED_MAX);
    for (unsigned did; (did = tdp_recover(&t, ~0u)); rounds++)
        assert_int_equal(did, TDP_GATHER_TABLES);
    assert_int_equal(rounds, NX_LISTED_MAX / TDP_GATHER_TABLES);
    assert_int_equal(count().leaves[0], 3);
    assert_int_equal(touch(GFN + 512 * (n - 1), ACCESS_EXEC), PFN + 512 * (n - 1));
}

/* Off: nothing of all that. */
static void off(void **state)
{
    (void)state;
    t.nx.on = false;
    map_as(GFN, PFN, 1, ACCESS_READ);
    assert_int_equal(touch(GFN + 5, ACCESS_EXEC), PFN + 5);
    assert_int_equal(map_as(GFN + 512, PFN + 512, 0, ACCESS_EXEC), TDP_OK);
    assert_int_equal(count().nx_split, 0);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(no_huge_leaf_is_executable),
        RIG_TEST(a_fetch_gets_4k),
        RIG_TEST(first_touch_by_a_fetch),
        RIG_TEST(a_fetch_in_1g),
        RIG_TEST(a_fetch_in_an_aged_leaf),
        RIG_TEST(splitting),
        RIG_TEST(recovery),
        RIG_TEST(only_the_owning_root),
        RIG_TEST(others_take_it_off),
        RIG_TEST(no_collapse_of_listed_tables),
        RIG_TEST(bounds),
        RIG_TEST(off),
    };

    return rig_run_in(setup, rig_teardown, tests, ARRAY_SIZE(tests));
}
