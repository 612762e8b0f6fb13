/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_huge.c: a huge leaf becomes a table and a table a huge leaf, and nobody notices (SPEC C9, H-C-33, H-C-35). */
#include "tdp_rig.h"

#define BASE (5 * FULL) /* gfn and, elsewhere, frame of the block under test */
#define PFN  (9 * FULL)

static bool write_works(u64 gfn, u64 pfn)
{
    unsigned level;
    u64 *e = hw_leaf(hw, root->table, gfn, &level), old;
    bool works;

    if (!e)
        return false; /* aging took all rights */
    old = *e;
    works = touch(gfn, ACCESS_WRITE) == pfn;
    *e = old; /* without a trace */
    return works;
}

/* The whole 1 GiB translates as one leaf would: for reads, and for writes if they worked before; A and D as before. */
static void expect_unchanged(bool write, bool accessed, bool dirty)
{
    for (u64 i = 0; i < FULL; i += i % 512 < 500 ? 125 : 7) {
        struct tdp_leaf l = leaf(BASE + i);

        assert_int_equal(l.pfn.v, PFN + i);
        assert_int_equal(l.write, write);
        assert_int_equal(l.accessed, accessed);
        assert_int_equal(l.dirty, dirty);
        assert_int_equal(write_works(BASE + i, PFN + i), write && (accessed || !hw->fault_a));
    }
    if (accessed)
        for (u64 i = 0; i < FULL; i += 4093)
            assert_int_equal(touch(BASE + i, ACCESS_EXEC), PFN + i);
}

static void split_all(void)
{
    unsigned pages = 0;

    while (!split(BASE, BASE + FULL, 0))
        assert_true(pages++ < 512);
}

/* H-C-33, for a leaf that is accessed or aged, clean or dirty, read-only or not. */
static void split_keeps_all(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 8; form++) {
        bool write = form & 1, aged = form & 2, dirty = form & 4;
        struct tdp_leaf before;

        forget();
        assert_int_equal(map_as(BASE, PFN, 2, write ? ACCESS_RW : ACCESS_READ), TDP_OK);
        if (!write)
            write_protect(BASE, BASE + 1);
        if (write && dirty)
            assert_int_equal(touch(BASE + 77, ACCESS_WRITE), PFN + 77);
        if (aged)
            assert_true(age(BASE, true));
        before = leaf(BASE);
        assert_int_equal(before.accessed, !aged);
        assert_true(split(BASE + 3, BASE + 4, 1));
        assert_int_equal(count().leaves[1], 512);
        expect_unchanged(before.write, before.accessed, before.dirty);
        split_all();
        assert_int_equal(count().leaves[0], FULL);
        assert_int_equal(count().leaves[1], 0);
        expect_unchanged(before.write, before.accessed, before.dirty);
        for (u64 i = 0; aged && i < FULL; i += 4093)
            assert_int_not_equal(fix(BASE + i, ACCESS_EXEC), TDP_NONE); /* what aging took comes back */
        zap(BASE, BASE + FULL);
        count();
    }
}

/* C6-25: x86 splits without a flush; stage 2 breaks before it makes, and then the old leaf may not be used. */
static void split_flushes_where_it_must(void **state)
{
    (void)state;
    map_as(BASE, PFN, 2, ACCESS_READ);
    forget();
    assert_true(split(BASE, BASE + 1, 0));
    assert_int_equal(rig.flushes, strncmp(hw->name, "s2", 2) ? 0 : 2);
    assert_false(gather.flush);
}

static void nothing_is_mapped(void)
{
    assert_int_equal(touch(BASE + 600, ACCESS_READ), 0);
}

/* C13-20, H-C-46: between the old entry and the new one there is none. */
static void break_before_make(void **state)
{
    (void)state;
    map_as(BASE, PFN, 2, ACCESS_READ);
    rig.flushed = nothing_is_mapped;
    assert_true(split(BASE + 600, BASE + 601, 1));
    rig.flushed = NULL;
    assert_int_equal(touch(BASE + 600, ACCESS_READ), PFN + 600);
}

static void split_touches_only_its_range(void **state)
{
    (void)state;
    for (u64 i = 0; i < 4; i++)
        map_as(BASE + 512 * i, PFN + 512 * i, 1, ACCESS_READ);
    assert_true(split(BASE + 1023, BASE + 1025, 0));
    assert_int_equal(leaf(BASE + 511).level, 1);
    assert_int_equal(leaf(BASE + 512).level, 0);
    assert_int_equal(leaf(BASE + 1024).level, 0);
    assert_int_equal(leaf(BASE + 1536).level, 1);
    assert_true(split(BASE, BASE, 0));
    assert_true(split(BASE, BASE + 2048, 1)); /* no leaf is larger than that */
    assert_int_equal(leaf(BASE).level, 1);
}

/* C4-5: pages run out in the middle; what was split is in order, and the rest comes later. */
static void split_runs_out_of_pages(void **state)
{
    (void)state;
    for (u64 i = 0; i < 2 * TDP_CACHE; i++)
        map_as(BASE + 512 * i, PFN + 512 * i, 1, ACCESS_READ);
    assert_false(split(BASE, BASE + FULL, 0));
    assert_int_equal(cache.count, 0);
    assert_int_equal(count().leaves[1], TDP_CACHE);
    assert_true(split(BASE, BASE + FULL, 0));
    assert_int_equal(count().leaves[1], 0);
    assert_true(split(BASE, BASE + FULL, 0));
    assert_int_equal(cache.count, TDP_CACHE);
}

/* A fault for less than the huge leaf allows: the leaf is split, and the page gets the right. */
static void a_fault_splits(void **state)
{
    (void)state;
    map_as(BASE, PFN, 2, ACCESS_READ);
    write_protect(BASE, BASE + 1);
    commit();
    assert_int_equal(map_as(BASE + 600, PFN + 600, 0, ACCESS_RW), TDP_OK);
    assert_int_equal(touch(BASE + 600, ACCESS_WRITE), PFN + 600);
    assert_int_equal(touch(BASE + 601, ACCESS_WRITE), 0);
    assert_int_equal(leaf(BASE + 601).level, 0);
    assert_int_equal(leaf(BASE).level, 1);
    assert_int_equal(count().leaves[1], 511);
    assert_int_equal(told(BASE + 600), 1);
    assert_int_equal(told(BASE + 601), 0);
}

static void map_block(u64 gfn, u64 pfn, unsigned n, u32 access)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(map_as(gfn + i, pfn + i, 0, access), TDP_OK);
}

static void old_translations_are_gone(void)
{
    assert_int_equal(touch(BASE + 7, ACCESS_READ), 0); /* C6-24: frozen before, built after */
    assert_int_equal(*entry(BASE, 1), hw->frozen);
}

/* C6-24, H-C-35: frozen, flushed, replaced; the old table is owed to the epoch, and no further flush. */
static void collapse_to_2m(void **state)
{
    u64 tables;

    (void)state;
    map_block(BASE, PFN, 512, ACCESS_RW);
    tables = count().tables;
    forget();
    rig.flushed = old_translations_are_gone;
    assert_int_equal(collapse(BASE + 7, 1, PFN), 1);
    rig.flushed = NULL;
    assert_int_equal(rig.flushes, 1);
    assert_int_equal(gather.tables, 1);
    assert_false(gather.flush);
    commit();
    assert_int_equal(rig.flushes, 1);
    assert_int_equal(count().tables, tables - 1);
    assert_int_equal(count().leaves[1], 1);
    for (u64 i = 0; i < 512; i++)
        assert_int_equal(touch(BASE + i, ACCESS_WRITE), PFN + i);
    assert_int_equal(collapse(BASE, 1, PFN), 0); /* it is a leaf already */
}

static void collapse_to_1g(void **state)
{
    (void)state;
    map_as(BASE, PFN, 2, ACCESS_RW);
    split_all();
    for (u64 i = 0; i < FULL; i += 512)
        assert_int_equal(collapse(BASE + i, 1, PFN + i), 1), commit();
    assert_int_equal(collapse(BASE, 2, PFN), 1);
    commit();
    assert_int_equal(count().leaves[2], 1);
    assert_int_equal(count().tables, hw->levels == 4 ? 2 : 1);
    expect_unchanged(true, true, !hw->d);
}

/* Accessed if one was; what hardware has told by the dirty bit is told on, once and page by page (H-C-4). */
static void collapse_folds_a_and_d(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 4; form++) {
        bool young = form & 1, dirty = form & 2;

        map_block(BASE, PFN, 512, ACCESS_RW);
        for (u64 i = 0; i < 512; i++)
            age(BASE + i, true);
        forget();
        if (dirty)
            assert_int_equal(
                hw->d ? touch(BASE + 99, ACCESS_WRITE) != 0 : fix(BASE + 99, ACCESS_WRITE) != TDP_NONE, 1);
        if (young && !touch(BASE + 100, ACCESS_READ))
            assert_int_equal(fix(BASE + 100, ACCESS_READ), TDP_OK);
        young |= leaf(BASE + 99).accessed;
        assert_int_equal(collapse(BASE, 1, PFN), 1);
        commit();
        assert_int_equal(leaf(BASE).accessed, young);
        if (hw->d)
            assert_false(leaf(BASE).dirty);
        assert_int_not_equal(fix(BASE + 3, ACCESS_READ), TDP_NONE);
        assert_int_equal(touch(BASE + 3, ACCESS_READ), PFN + 3);
        zap(BASE, BASE + 512);
        if (hw->d)
            assert_int_equal(told(BASE + 99), dirty);
        count();
    }
}

/* Without a dirty bit the huge leaf may be written only if each small one could: else a write would go unnoticed. */
static void collapse_keeps_writes_noticed(void **state)
{
    (void)state;
    map_block(BASE, PFN, 512, ACCESS_RW);
    write_protect(BASE + 300, BASE + 301);
    commit();
    forget();
    assert_int_equal(collapse(BASE, 1, PFN), 1);
    commit();
    assert_int_equal(touch(BASE + 300, ACCESS_WRITE) != 0, hw->d != 0);
    if (hw->d) {
        zap(BASE, BASE + 512);
    } else {
        assert_int_equal(fix(BASE + 300, ACCESS_WRITE), TDP_OK);
    }
    assert_int_equal(told(BASE + 300), 1);
}

static void expect_no_collapse(u64 base)
{
    struct tdp_count before = count(), after;

    assert_int_equal(collapse(BASE, 1, base), 0);
    assert_false(gather.flush);
    assert_int_equal(gather.tables, 0);
    after = count();
    assert_memory_equal(&before, &after, sizeof(after));
}

static void collapse_refuses(void **state)
{
    (void)state;
    expect_no_collapse(PFN); /* nothing there */
    map_block(BASE, PFN, 511, ACCESS_READ);
    map(BASE + 511, PFN + 512);
    expect_no_collapse(PFN); /* not contiguous */
    zap(BASE + 511, BASE + 512);
    map(BASE + 511, PFN + 511);
    expect_no_collapse(PFN + 512); /* contiguous, but elsewhere */
    t.log = TDP_LOG_WRITE_PROTECT;
    expect_no_collapse(PFN); /* C8-3 */
    t.log = TDP_LOG_DIRTY_BIT;
    expect_no_collapse(PFN);
    t.log = TDP_LOG_OFF;
    assert_int_equal(collapse(BASE, 1, PFN), 1);
    commit();
    zap(BASE, BASE + 512);
    map_block(BASE, PFN + 1, 512, ACCESS_READ);
    expect_no_collapse(PFN + 1);                 /* contiguous, not aligned */
    assert_int_equal(collapse(BASE, 2, PFN), 0); /* tables below, not leaves */
}

/* The owner says what the block's frames are; a page that nobody has touched yet comes with the rest. */
static void collapse_fills_holes(void **state)
{
    (void)state;
    map_block(BASE, PFN, 100, ACCESS_READ);
    assert_int_equal(collapse(BASE, 1, PFN), 1);
    commit();
    assert_int_equal(leaf(BASE + 300).level, 1);
    assert_int_equal(leaf(BASE + 300).pfn.v, PFN + 300);
    assert_int_equal(leaf(BASE + 300).write, hw->d != 0); /* without a dirty bit, writes fault first */
}

/* Each root has a table of its own there. */
static void collapse_in_all_valid_roots(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    map_block(BASE, PFN, 512, ACCESS_READ);
    root = second;
    map_block(BASE, PFN, 512, ACCESS_READ);
    assert_int_equal(collapse(BASE, 1, PFN), 2);
    assert_int_equal(gather.tables, 2);
    commit();
    assert_int_equal(leaf(BASE).level, 1);
    root = first;
    assert_int_equal(leaf(BASE).level, 1);
    rig_retire(second);
}

static void misuse_is_our_bug(void **state)
{
    (void)state;
    map_block(BASE, PFN, 512, ACCESS_READ);
    expect_assert_failure((void)!tdp_split(&t, (gfn_t){BASE}, (gfn_t){BASE + 1}, 0, &cache));
    expect_assert_failure(tdp_collapse(&t, (gfn_t){BASE}, 1, (pfn_t){PFN}, &gather));
    write_lock(&t.lock);
    expect_assert_failure(tdp_collapse(&t, (gfn_t){BASE}, 0, (pfn_t){PFN}, &gather));
    expect_assert_failure(tdp_collapse(&t, (gfn_t){BASE}, 3, (pfn_t){PFN}, &gather));
    expect_assert_failure((void)!tdp_split(&t, (gfn_t){BASE}, (gfn_t){BASE + 1}, 2, &cache));
    rig_drop_locks();
    assert_int_equal(count().leaves[0], 512);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(split_keeps_all),
        RIG_TEST(split_flushes_where_it_must),
        RIG_TEST(break_before_make),
        RIG_TEST(split_touches_only_its_range),
        RIG_TEST(split_runs_out_of_pages),
        RIG_TEST(a_fault_splits),
        RIG_TEST(collapse_to_2m),
        RIG_TEST(collapse_to_1g),
        RIG_TEST(collapse_folds_a_and_d),
        RIG_TEST(collapse_keeps_writes_noticed),
        RIG_TEST(collapse_refuses),
        RIG_TEST(collapse_fills_holes),
        RIG_TEST(collapse_in_all_valid_roots),
        RIG_TEST(misuse_is_our_bug),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
