/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_dirty.c: every write is told, by a dirty bit or by a fault; and a flush is owed (SPEC C8, C6-26, H-C-4). */
#include "tdp_rig.h"

#define GFN (3 * FULL)
#define PFN (8 * FULL)

static void use(u64 gfn, u32 access)
{
    if (!touch(gfn, access))
        assert_int_equal(fix(gfn, access), TDP_OK);
    assert_int_not_equal(touch(gfn, access), 0);
}

static void protected_pages_fault(void **state)
{
    (void)state;
    t.log = TDP_LOG_WRITE_PROTECT;
    for (u64 i = 0; i < 10; i++)
        map_as(GFN + i, PFN + i, 0, ACCESS_RW);
    forget();
    write_protect(GFN + 2, GFN + 7);
    assert_true(gather.flush); /* C6-26 */
    commit();
    for (u64 i = 0; i < 10; i++) {
        bool inside = i >= 2 && i < 7;

        assert_int_equal(touch(GFN + i, ACCESS_WRITE), inside ? 0 : PFN + i);
        assert_int_equal(touch(GFN + i, ACCESS_READ), PFN + i);
    }
    forget();
    use(GFN + 3, ACCESS_WRITE);
    assert_int_equal(rig.tolds, 1);
    assert_int_equal(told(GFN + 3), 1);
    count();
}

/* What was written before is told by the one who takes the right away; what was not is not, where hardware knows. */
static void protecting_tells_what_was_dirty(void **state)
{
    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    map_as(GFN + 1, PFN + 1, 0, ACCESS_RW);
    use(GFN, ACCESS_WRITE);
    forget();
    write_protect(GFN, GFN + 2);
    assert_int_equal(told(GFN), 1);
    assert_int_equal(told(GFN + 1), hw->d ? 0 : 1);
    commit();
    forget();
    write_protect(GFN, GFN + 2);
    assert_int_equal(gather.flush, !strcmp(hw->name, "ept_noad"));
    assert_false(leaf(GFN).dirty);
    zap(GFN, GFN + 2);
    assert_int_equal(rig.tolds, 0); /* once in all */
}

/* C2-4, C6-42: aging without a flush took W from the leaf, but not from the TLBs. A clear W bit proves nothing. */
static void protecting_after_aging_owes_a_flush(void **state)
{
    (void)state;
    for (unsigned used = 0; used < 2; used++) {
        map_as(GFN + used, PFN + used, 0, ACCESS_RW);
        age(GFN + used, true);
        if (used)
            use(GFN + used, ACCESS_READ); /* which gives back all but W */
        write_protect(GFN + used, GFN + used + 1);
        assert_true(gather.flush);
        commit();
        assert_int_equal(touch(GFN + used, ACCESS_WRITE), 0);
    }
}

static void huge_leaves(void **state)
{
    (void)state;
    map_as(GFN, PFN, 1, ACCESS_RW);
    map_as(GFN + FULL, PFN + FULL, 2, ACCESS_RW);
    use(GFN + 5, ACCESS_WRITE);
    forget();
    write_protect(GFN + 100, GFN + 101);
    assert_true(gather.flush);
    commit();
    assert_int_equal(touch(GFN + 5, ACCESS_WRITE), 0);
    assert_int_equal(told(GFN) + told(GFN + 511), 2);
    write_protect(GFN + FULL + 1, GFN + FULL + 2);
    assert_true(gather.flush);
    commit();
    assert_int_equal(touch(GFN + FULL, ACCESS_WRITE), 0);
    assert_int_equal(fix(GFN + FULL, ACCESS_WRITE), TDP_OK);
    assert_int_equal(touch(GFN + FULL, ACCESS_WRITE), PFN + FULL);
}

static void harvesting(void **state)
{
    (void)state;
    for (u64 i = 0; i < 8; i++)
        map_as(GFN + i, PFN + i, 0, ACCESS_RW);
    use(GFN + 1, ACCESS_WRITE);
    use(GFN + 5, ACCESS_WRITE);
    use(GFN + 2, ACCESS_READ);
    forget();
    harvest(GFN, GFN + 5);
    assert_int_equal(gather.flush, hw->d != 0); /* C6-30 */
    assert_int_equal(told(GFN + 1), hw->d ? 1 : 0);
    assert_int_equal(rig.tolds, hw->d ? 1 : 0);
    commit();
    forget();
    harvest(GFN, GFN + 8);
    assert_int_equal(told(GFN + 5), hw->d ? 1 : 0);
    assert_int_equal(rig.tolds, hw->d ? 1 : 0);
    commit();
    forget();
    harvest(GFN, GFN + 8);
    assert_false(gather.flush);
    assert_int_equal(rig.tolds, 0);
    assert_int_equal(touch(GFN + 1, ACCESS_WRITE), PFN + 1); /* the right is still there */
    harvest(GFN, GFN + 8);
    assert_int_equal(told(GFN + 1), hw->d ? 1 : 0);
    assert_int_equal(tdp_has_dirty(&t), hw->d != 0);
}

/* The dirty bit goes through split, collapse, aging and zap, and is told once in all. */
static void a_dirty_bit_is_never_lost(void **state)
{
    (void)state;
    if (!hw->d)
        return;
    map_as(GFN, PFN, 2, ACCESS_READ);
    use(GFN + 700, ACCESS_WRITE);
    age(GFN, true);
    assert_true(split(GFN + 700, GFN + 701, 0));
    assert_true(leaf(GFN + 700).dirty);
    forget();
    harvest(GFN, GFN + FULL);
    assert_int_equal(told(GFN + 700), 1);
    use(GFN + 700, ACCESS_WRITE);
    forget();
    assert_int_equal(collapse(GFN + 512, 1, PFN + 512), 1);
    assert_int_equal(told(GFN + 700), 1);
    assert_int_equal(told(GFN + 699), 0); /* one dirty bit for all would be one too many */
    assert_int_equal(collapse(GFN, 2, PFN), 1);
    assert_false(leaf(GFN).dirty);
    write_protect(GFN, GFN + 1);
    zap(GFN, GFN + FULL);
    assert_int_equal(told(GFN + 700), 1);
}

/* Valid roots only; in each of them. */
static void all_valid_roots(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    root = second;
    map_as(GFN, PFN, 0, ACCESS_RW);
    use(GFN, ACCESS_WRITE);
    harvest(GFN, GFN + 1);
    assert_int_equal(gather.flush, hw->d != 0);
    write_protect(GFN, GFN + 1);
    assert_false(leaf(GFN).write);
    root = first;
    assert_false(leaf(GFN).write);
    rig_retire(second);
}

static void misuse_is_our_bug(void **state)
{
    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    expect_assert_failure(tdp_write_protect(&t, (gfn_t){GFN}, (gfn_t){GFN + 1}, &gather));
    expect_assert_failure(tdp_harvest(&t, (gfn_t){GFN}, (gfn_t){GFN + 1}, &gather));
    assert_true(leaf(GFN).write);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(protected_pages_fault),
        RIG_TEST(protecting_tells_what_was_dirty),
        RIG_TEST(protecting_after_aging_owes_a_flush),
        RIG_TEST(huge_leaves),
        RIG_TEST(harvesting),
        RIG_TEST(a_dirty_bit_is_never_lost),
        RIG_TEST(all_valid_roots),
        RIG_TEST(misuse_is_our_bug),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
