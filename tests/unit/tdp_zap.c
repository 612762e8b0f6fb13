/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_zap.c: mappings go, whole or in part, with their tables, and what was dirty is told once (SPEC C3, C6, H-C-4). */
#include "tdp_rig.h"

#define GFN (6 * FULL)
#define PFN (3 * FULL)

#define SLICE 4096u /* entries that one call visits, as tdp_zap.h has it */

static void leaves_of_the_range_go(void **state)
{
    (void)state;
    for (u64 i = 0; i < 20; i++)
        map(GFN + i, PFN + i);
    forget();
    zap(GFN + 5, GFN + 9);
    for (u64 i = 0; i < 20; i++)
        assert_int_equal(touch(GFN + i, ACCESS_READ), i >= 5 && i < 9 ? 0 : PFN + i);
    assert_int_equal(rig.flushes, 1); /* C6-21 */
    zap(GFN + 5, GFN + 9);
    zap(GFN + 7, GFN + 7);
    zap(GFN + 9, GFN + 5);
    assert_int_equal(rig.flushes, 1); /* nothing was there */
    assert_int_equal(*entry(GFN + 5, 0), hw->none);
}

/* C3-6, H-C-4: a page that was written, or may be, is told by the one who takes the leaf. */
static void dirty_is_told_once(void **state)
{
    (void)state;
    map(GFN, PFN);
    map_as(GFN + 1, PFN + 1, 0, ACCESS_RW);
    touch(GFN + 1, ACCESS_WRITE);
    forget();
    zap(GFN, GFN + 2);
    assert_int_equal(rig.tolds, 1);
    assert_int_equal(told(GFN + 1), 1);
    zap(GFN, GFN + 2);
    assert_int_equal(rig.tolds, 1);
    map_as(GFN + 512, PFN + 512, 1, ACCESS_RW);
    touch(GFN + 700, ACCESS_WRITE);
    forget();
    zap(GFN + 512, GFN + 1024);
    assert_int_equal(rig.tolds, 1);
    assert_int_equal(told(GFN + 512) + told(GFN + 1023), 2); /* its dirty bit speaks for all */
}

/* C9-5 and its better form: with pages the rest of a huge leaf stays, without any it goes and is told. */
static void part_of_a_huge_leaf(void **state)
{
    (void)state;
    map_as(GFN, PFN, 1, ACCESS_RW);
    assert_true(tdp_cache_fill(&cache));
    zap_by(GFN + 100, GFN + 103, &cache);
    assert_true(gather.flush);
    commit();
    for (u64 i = 0; i < 512; i++)
        assert_int_equal(touch(GFN + i, ACCESS_READ), i - 100 < 3 ? 0 : PFN + i);
    assert_int_equal(cache.count, TDP_CACHE - 1);
    map_as(GFN + 512, PFN + 512, 1, ACCESS_RW);
    touch(GFN + 600, ACCESS_WRITE);
    forget();
    zap_by(GFN + 700, GFN + 701, NULL);
    commit();
    assert_true(absent(GFN + 512) && absent(GFN + 1023));
    assert_int_equal(told(GFN + 600), 1);
    tdp_cache_drain(&cache);
    map_as(GFN + 1024, PFN + 1024, 1, ACCESS_RW);
    tdp_cache_drain(&cache);
    zap_by(GFN + 1024, GFN + 1025, &cache); /* empty */
    commit();
    assert_true(absent(GFN + 1500));
    count();
}

static void part_of_1g(void **state)
{
    (void)state;
    map_as(GFN, PFN, 2, ACCESS_READ);
    assert_true(tdp_cache_fill(&cache));
    zap_by(GFN + 511, GFN + FULL - 511, &cache);
    commit();
    for (u64 i = 0; i < 511; i++) {
        assert_int_equal(touch(GFN + i, ACCESS_READ), PFN + i);
        assert_int_equal(touch(GFN + FULL - 1 - i, ACCESS_READ), PFN + FULL - 1 - i);
    }
    assert_true(absent(GFN + 511) && absent(GFN + 512) && absent(GFN + FULL - 512));
    assert_int_equal(cache.count, TDP_CACHE - 3);
    assert_int_equal(count().leaves[1], 0);
    assert_int_equal(count().leaves[0], 2 * 511);
}

/* Tables that lie entirely in the range go, by way of the epoch (H-C-7); the others stay. */
static void tables_go_by_the_epoch(void **state)
{
    unsigned before;

    (void)state;
    map(GFN, 1);
    map(GFN + 512, 2);
    map(GFN + 1024, 3);
    zap_by(GFN + 512, GFN + 1025, NULL);
    assert_int_equal(gather.tables, 1); /* [1024, 1536) is not covered */
    assert_true(gather.flush);
    assert_non_null(entry(GFN + 1024, 0));
    assert_null(entry(GFN + 512, 0));
    before = fake.frames;
    epoch_enter(&epoch, 1);
    commit();
    assert_int_equal(fake.frames, before);
    epoch_exit(&epoch, 1);
    assert_int_equal(epoch_collect(&epoch), 1);
    assert_int_equal(fake.frames, before - 1);
    zap(0, gfn_limit());
    (void)epoch_collect(&epoch);
    assert_int_equal(count().tables, 1);
}

/* A table that still has entries outside the leaves of the range stays: another fault has filled it meanwhile. */
static void only_empty_tables_go(void **state)
{
    (void)state;
    map(GFN, PFN);
    write_lock(&t.lock);
    assert_int_equal(hw->ops->zap(&t, root, 1, (gfn_t){0}, (gfn_t){gfn_limit()}, NULL, &gather).v,
                     gfn_limit());
    write_unlock(&t.lock);
    assert_int_equal(gather.tables, 0);
    assert_int_equal(touch(GFN, ACCESS_READ), PFN);
}

static void in_a_section(void)
{
    assert_true(gather.tables <= TDP_GATHER_TABLES);
    for (unsigned i = 0; i < CPU_MAX; i++)
        assert_int_equal(epoch.cpu[i].active,
                         EPOCH_IDLE); /* all of these are flushed before they are retired */
}

/* C10-9: more tables than one gather holds. */
static void gather_bound(void **state)
{
    const unsigned n = 2 * TDP_GATHER_TABLES + 5;

    (void)state;
    for (u64 i = 0; i < n; i++)
        map(GFN + 512 * i, PFN + i);
    rig.flushed = in_a_section;
    forget();
    zap_by(0, gfn_limit(), NULL);
    assert_true(rig.flushes >= 2 && rig.flushes <= 4);
    rig.flushed = NULL;
    commit();
    (void)epoch_collect(&epoch);
    assert_int_equal(count().tables, 1);
    assert_int_equal(fake.frames, 1 + cache.count);
}

/* Lock held for write. */
static u64 leaves_left(void)
{
    struct tdp_count n;

    (void)tdp_check(&t, &n);
    return n.leaves[0];
}

/* One call visits so many entries and no more; what is left is found by the next one. */
static void slice_bound(void **state)
{
    const unsigned n = SLICE * 2 + 100;
    gfn_t at = {0};
    unsigned calls = 0;

    (void)state;
    for (u64 i = 0; i < n; i++)
        map(GFN + i, PFN + i);
    write_lock(&t.lock);
    for (; at.v < gfn_limit(); calls++) {
        u64 before = leaves_left();
        gfn_t next = hw->ops->zap(&t, root, 0, at, (gfn_t){gfn_limit()}, NULL, &gather);

        assert_true(next.v > at.v); /* H-C-15 */
        assert_true(before - leaves_left() <= SLICE);
        at = next;
    }
    write_unlock(&t.lock);
    assert_in_range(calls, 3, 4);
    commit();
    assert_int_equal(count().leaves[0], 0);
}

/* B2-4: whoever takes memory away reaches the invalid roots too, and all the valid ones. */
static void all_roots(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    map(GFN, PFN);
    root = second;
    map(GFN, PFN);
    second->invalid = true;
    zap(GFN, GFN + 1);
    assert_true(absent(GFN));
    root = first;
    assert_true(absent(GFN));
    second->invalid = false;
    rig_retire(second);
}

/* C6-22: leaves of an invalid root need no flush; H-C-13: those of a valid one before it are not forgotten. */
static void whose_flush(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    root = second;
    map(GFN, PFN);
    second->invalid = true;
    zap_by(GFN, GFN + 1, NULL);
    assert_false(gather.flush);
    root = first;
    map(GFN, PFN);
    zap_by(GFN, GFN + 1, NULL);
    assert_true(gather.flush);
    zap_by(GFN + 1, GFN + 2, NULL);
    assert_true(gather.flush); /* H-C-14 */
    second->invalid = false;
    commit();
    assert_false(gather.flush);
    rig_retire(second);
}

static void slowly(void **state)
{
    (void)state;
    for (u64 i = 0; i < 3 * SLICE; i++)
        map_as(GFN + 7 * i, PFN + i, 0, ACCESS_RW);
    map_as(GFN + FULL, PFN, 2, ACCESS_READ);
    forget();
    tdp_zap_slowly(&t, (gfn_t){GFN + 7}, (gfn_t){~0ull});
    assert_true(rig.flushes >= 3);
    assert_int_equal(count().leaves[0], 1);
    assert_int_equal(touch(GFN, ACCESS_READ), PFN);
    assert_false(read_held(&t.lock));
    tdp_zap_slowly(&t, (gfn_t){0}, (gfn_t){gfn_limit()});
    (void)epoch_collect(&epoch);
    assert_int_equal(count().tables, 1);
    assert_int_equal(count().leaves[2], 0);
}

static void misuse_is_our_bug(void **state)
{
    (void)state;
    map(GFN, PFN);
    expect_assert_failure(tdp_zap(&t, (gfn_t){GFN}, (gfn_t){GFN + 1}, NULL, &gather));
    read_lock(&t.lock);
    expect_assert_failure(tdp_zap(&t, (gfn_t){GFN}, (gfn_t){GFN + 1}, NULL, &gather));
    expect_assert_failure(hw->ops->zap(&t, root, 0, (gfn_t){GFN}, (gfn_t){GFN + 1}, NULL, &gather));
    rig_drop_locks();
    assert_int_equal(touch(GFN, ACCESS_READ), PFN);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(leaves_of_the_range_go),
        RIG_TEST(dirty_is_told_once),
        RIG_TEST(part_of_a_huge_leaf),
        RIG_TEST(part_of_1g),
        RIG_TEST(tables_go_by_the_epoch),
        RIG_TEST(only_empty_tables_go),
        RIG_TEST(gather_bound),
        RIG_TEST(slice_bound),
        RIG_TEST(all_roots),
        RIG_TEST(whose_flush),
        RIG_TEST(slowly),
        RIG_TEST(misuse_is_our_bug),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
