/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_age.c: which pages were used since somebody asked, whoever sets the accessed bit (SPEC C11, C12, H-C-26 … 31). */
#include "tdp_rig.h"

#define GFN  (2 * FULL)
#define PFN  (4 * FULL)
#define SPAN 1400u

/* The guest uses the page: by itself where hardware sets the bit, else by a fault that tdp_fix() resolves (O-1). */
static void use(u64 gfn, u32 access)
{
    if (!touch(gfn, access))
        assert_int_equal(fix(gfn, access), TDP_OK);
    assert_int_not_equal(touch(gfn, access), 0);
}

static void young_once(void **state)
{
    (void)state;
    assert_false(age(GFN, true));
    map(GFN, PFN);
    assert_true(age(GFN, true));
    assert_false(age(GFN, true));
    use(GFN, ACCESS_READ);
    assert_true(age(GFN, true));
    use(GFN, ACCESS_EXEC);
    assert_true(age(GFN, true));
    use(GFN, ACCESS_WRITE);
    assert_true(age(GFN, true));
    assert_false(age(GFN, true));
    assert_int_equal(leaf(GFN).pfn.v, PFN);
    assert_int_equal(rig.flushes, 0); /* C6-29 */
    assert_false(age(GFN + 1, true));
}

/* H-C-30: who does not set the bit by himself faults for it, once, and only for that. */
static void without_hardware_a_fault_sets_it(void **state)
{
    bool faults = !hw->a;

    (void)state;
    map(GFN, PFN);
    age(GFN, true);
    assert_int_equal(touch(GFN, ACCESS_READ), faults ? 0 : PFN);
    assert_int_equal(fix(GFN, ACCESS_READ), faults ? TDP_OK : TDP_SPURIOUS);
    assert_int_equal(fix(GFN, ACCESS_READ), TDP_SPURIOUS);
    assert_int_equal(touch(GFN, ACCESS_READ), PFN);
    assert_int_equal(touch(GFN, ACCESS_EXEC), PFN);
    age(GFN, true);
    assert_int_equal(map(GFN, PFN), faults ? TDP_OK : TDP_SPURIOUS); /* the same by the slow path */
    assert_int_equal(touch(GFN, ACCESS_READ), PFN);
    assert_int_equal(rig.tolds, 0);
}

/* C12-1: rights come back as they were, and W as a write. H-C-26. */
static void rights_come_back(void **state)
{
    struct tdp_leaf before;

    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    before = leaf(GFN);
    forget();
    age(GFN, true);
    age(GFN, true); /* twice: what the first one saved is not lost */
    assert_int_equal(leaf(GFN).pfn.v, PFN);
    if (!strcmp(hw->name, "ept_noad"))
        assert_false(leaf(GFN).write || leaf(GFN).exec);
    use(GFN, ACCESS_EXEC);
    assert_int_equal(leaf(GFN).exec, before.exec);
    use(GFN, ACCESS_WRITE);
    assert_int_equal(leaf(GFN).write, before.write);
    assert_int_equal(told(GFN), strcmp(hw->name, "ept_noad") ? 0 : 1); /* H-C-4 */
    write_protect(GFN, GFN + 1);
    commit();
    age(GFN, true);
    use(GFN, ACCESS_READ);
    assert_int_equal(touch(GFN, ACCESS_WRITE), 0); /* not more than before */
}

/* H-C-28. */
static void looking_changes_nothing(void **state)
{
    u64 before, young[2] = {0};

    (void)state;
    map(GFN, PFN);
    map_as(GFN + 512, PFN + 512, 1, ACCESS_READ);
    for (unsigned i = 0; i < 2; i++) {
        before = *entry(GFN, 0);
        for (unsigned again = 0; again < 3; again++)
            assert_int_equal(age(GFN, false), !i);
        tdp_age(&t, (gfn_t){GFN + 512}, (gfn_t){GFN + 513}, young, false);
        assert_int_equal(young[0], 1);
        assert_int_equal(*entry(GFN, 0), before);
        age(GFN, true);
    }
}

/* What has been set stays set: the caller collects over several roots and calls. */
static void bits_are_only_set(void **state)
{
    u64 young[3] = {5, 0, ~0ull};

    (void)state;
    map(GFN + 64, PFN);
    tdp_age(&t, (gfn_t){GFN}, (gfn_t){GFN + 128}, young, true);
    assert_int_equal(young[0], 5);
    assert_int_equal(young[1], 1);
    assert_int_equal(young[2], ~0ull);
    young[1] = 2;
    tdp_age(&t, (gfn_t){GFN}, (gfn_t){GFN + 128}, young, true);
    assert_int_equal(young[1], 2);
}

/* A mixture of small and huge leaves and holes; model[i] says whether GFN + i is young. */
static bool model[SPAN], is_mapped[SPAN];

static void mixture(void)
{
    unsigned seed = 1;

    for (u64 i = 0; i < SPAN; i++) {
        seed = seed * 1103515245 + 12345;
        is_mapped[i] = i >= 512 && i < 1024 ? true : seed >> 16 & 1;
        if (is_mapped[i] && (i < 512 || i >= 1024))
            assert_int_equal(map(GFN + i, PFN + i), TDP_OK);
    }
    assert_int_equal(map_as(GFN + 512, PFN + 512, 1, ACCESS_READ), TDP_OK);
    for (u64 i = 0; i < SPAN; i++) {
        age(GFN + i, true);
        model[i] = false;
    }
    for (u64 i = 0; i < SPAN; i++) {
        seed = seed * 1103515245 + 12345;
        if (is_mapped[i] && (i < 512 || i >= 1024) && (seed >> 16) % 3 == 0) {
            use(GFN + i, ACCESS_READ);
            model[i] = true;
        }
    }
    use(GFN + 700, ACCESS_READ);
    for (u64 i = 512; i < 1024; i++)
        model[i] = true; /* C11-2 */
}

/* H-C-31: bit i is start + i, for every start, and nothing outside the range is looked at. */
static void bitmap_alignments(void **state)
{
    static u64 young[SPAN / 64 + 2];

    (void)state;
    mixture();
    for (u64 start = 0; start < SPAN; start += start % 512 < 70 || start % 512 > 440 ? 1 : 37) {
        u64 end = MIN(SPAN, start + 1 + start * 7 % 600);

        memset(young, 0, sizeof(young));
        tdp_age(&t, (gfn_t){GFN + start}, (gfn_t){GFN + end}, young, false);
        for (u64 i = 0; i < sizeof(young) * 8; i++)
            assert_int_equal(tdp_young_bit(young, i), i < end - start && model[start + i]);
    }
    memset(young, 0, sizeof(young));
    tdp_age(&t, (gfn_t){GFN}, (gfn_t){GFN + SPAN}, young, true);
    for (u64 i = 0; i < SPAN; i++)
        assert_int_equal(tdp_young_bit(young, i), model[i]);
    memset(young, 0, sizeof(young));
    tdp_age(&t, (gfn_t){GFN}, (gfn_t){GFN + SPAN}, young, true);
    for (u64 i = 0; i < SPAN; i++)
        assert_false(tdp_young_bit(young, i));
}

/* Clearing a range clears nothing beside it. */
static void only_the_range_is_cleared(void **state)
{
    u64 young = 0;

    (void)state;
    for (u64 i = 0; i < 9; i++)
        map(GFN + i, PFN + i);
    tdp_age(&t, (gfn_t){GFN + 3}, (gfn_t){GFN + 6}, &young, true);
    assert_int_equal(young, 7);
    for (u64 i = 0; i < 9; i++)
        assert_int_equal(age(GFN + i, false), i < 3 || i >= 6);
}

/* A page is young if it is in one of the valid roots; the invalid ones say nothing. */
static void all_valid_roots(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    map(GFN, PFN);
    age(GFN, true);
    root = second;
    map(GFN, PFN);
    assert_true(age(GFN, false));
    second->invalid = true;
    assert_false(age(GFN, false));
    second->invalid = false;
    assert_true(age(GFN, true));
    assert_false(age(GFN, true));
    root = first;
    rig_retire(second);
}

/* C11-6, H-C-27: absent and frozen stay what they are, also for one who still takes them for a leaf. */
static void constants(void **state)
{
    u64 young[8];

    (void)state;
    assert_int_equal(hw->ops->none, hw->none);
    assert_int_equal((hw->none | hw->frozen) & (hw->accessed | hw->d | hw->valid), 0);
    map(GFN, PFN);
    for (unsigned level = 0; level < hw->levels; level++) {
        u64 *e = entry(GFN, level), old = *e;

        for (unsigned form = 0; form < 2; form++) {
            *e = form ? hw->none : hw->frozen;
            memset(young, 0, sizeof(young));
            tdp_age(&t, (gfn_t){GFN}, (gfn_t){GFN + 512}, young, true);
            if (form) { /* with the lock for read a frozen entry is waited for */
                harvest(GFN, GFN + 512);
                write_protect(GFN, GFN + 512);
            }
            assert_int_equal(*e, form ? hw->none : hw->frozen);
            assert_int_equal(young[0], 0);
        }
        *e = old;
    }
}

/* C2-6: a walk of aging leaves tables alone. */
static void tables_stay_accessed(void **state)
{
    u64 before[4];

    (void)state;
    map(GFN, PFN);
    for (unsigned l = 1; l < hw->levels; l++)
        before[l] = *entry(GFN, l);
    age(GFN, true);
    for (unsigned l = 1; l < hw->levels; l++)
        assert_int_equal(*entry(GFN, l), before[l]);
}

/* Aging and the dirty log know nothing of each other (H-C-4). */
static void dirty_survives(void **state)
{
    (void)state;
    if (!hw->d)
        return; /* rights_come_back() */
    map(GFN, PFN);
    use(GFN, ACCESS_WRITE);
    age(GFN, true);
    assert_true(leaf(GFN).dirty);
    zap(GFN, GFN + 1);
    assert_int_equal(told(GFN), 1);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(young_once),
        RIG_TEST(without_hardware_a_fault_sets_it),
        RIG_TEST(rights_come_back),
        RIG_TEST(looking_changes_nothing),
        RIG_TEST(bits_are_only_set),
        RIG_TEST(bitmap_alignments),
        RIG_TEST(only_the_range_is_cleared),
        RIG_TEST(all_valid_roots),
        RIG_TEST(constants),
        RIG_TEST(tables_stay_accessed),
        RIG_TEST(dirty_survives),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
