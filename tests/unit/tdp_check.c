/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_check.c: the checker names each rule that an entry can break, and is quiet about a sound tree (H-C-1, H-C-2). */
#include "tdp_rig.h"

#define GFN (2 * FULL)
#define PFN (3 * FULL)

static const char *broken(void)
{
    struct tdp_count n;
    const char *what;

    write_lock(&t.lock);
    what = tdp_check(&t, &n);
    write_unlock(&t.lock);
    return what ? what : "nothing";
}

/* Bits of the format under test that the checker knows and hardware does not. */
struct software_bits {
    const char *name;
    u64 present, may_write, nx_split;
};
static const struct software_bits software[] = {
    {"npt", BIT(11), BIT(9), BIT(10)},       {"ept", BIT(11), BIT(53), BIT(10)},
    {"ept_noad", BIT(11), BIT(53), BIT(10)}, {"s2", BIT(55), BIT(56), BIT(57)},
    {"s2_soft", BIT(55), BIT(56), BIT(57)},  {"toy", BIT(62), BIT(5), BIT(6)},
};

static const struct software_bits *bits(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(software); i++)
        if (!strcmp(software[i].name, hw->name))
            return &software[i];
    return NULL;
}

static void expect_broken(u64 *slot, u64 value, const char *rule)
{
    u64 old = *slot;

    assert_string_equal(broken(), "nothing");
    *slot = value;
    if (!strstr(broken(), rule))
        fail_msg("%#llx instead of %#llx is not %s but %s", (unsigned long long)value,
                 (unsigned long long)old, rule, broken());
    *slot = old;
    assert_string_equal(broken(), "nothing");
}

static void a_sound_tree(void **state)
{
    struct tdp_count n;

    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    map_as(GFN + 512, PFN + 512, 1, ACCESS_RW);
    map_as(GFN + FULL, PFN + FULL, 2, ACCESS_READ);
    age(GFN + 512, true);
    write_protect(GFN, GFN + 1);
    n = count();
    assert_int_equal(n.tables, hw->levels);
    assert_int_equal(n.leaves[0], 1);
    assert_int_equal(n.leaves[1], 1);
    assert_int_equal(n.leaves[2], 1);
    assert_int_equal(n.nx_split, 0);
}

static void absent_entries(void **state)
{
    (void)state;
    map(GFN, PFN);
    for (unsigned l = 0; l < hw->levels; l++) {
        u64 *next = entry(GFN, l) + 1;

        expect_broken(next, hw->frozen, "C2: an absent");
        expect_broken(next, hw->none ^ hw->accessed, "C2: an absent");
        expect_broken(next, hw->none | BIT(22), "C2: an absent");
    }
}

static void leaves(void **state)
{
    u64 *e;

    (void)state;
    map_as(GFN, PFN, 0, ACCESS_RW);
    e = entry(GFN, 0);
    expect_broken(e, *e & ~bits()->may_write, "C2-3");
    expect_broken(e, *e & ~bits()->present, "C2: an absent");
    map_as(GFN + 512, PFN + 512, 1, ACCESS_READ);
    e = entry(GFN + 512, 1);
    expect_broken(e, *e + (1ull << hw->pfn_shift), "C9: the frames");
    map_as(GFN + FULL, PFN + FULL, 2, ACCESS_READ);
    e = entry(GFN + FULL, 2);
    expect_broken(e, *e + (512ull << hw->pfn_shift), "C9: the frames");
    t.nx.on = t.nx.enforced = true;
    assert_true(strstr(broken(), "C10-1"));
    t.nx.enforced = false; /* being switched on */
    assert_string_equal(broken(), "nothing");
    t.nx.on = false;
}

/* 512 GiB: a leaf where no format has one. */
static void too_large_a_leaf(void **state)
{
    u64 *top, *below;

    (void)state;
    if (hw->levels < 4)
        return;
    map_as(GFN, PFN, 2, ACCESS_READ);
    top = entry(GFN, 3);
    below = entry(GFN, 2);
    expect_broken(top + 1, (*below & ~(PFN << hw->pfn_shift)), "C9: no leaf");
}

static void tables(void **state)
{
    (void)state;
    map(GFN, PFN);
    for (unsigned l = 1; l < hw->levels; l++) {
        u64 *e = entry(GFN, l);

        expect_broken(e, *e ^ (hw->table_a ? hw->table_a : BIT(5)), "C2-6");
        if (l > 1)
            expect_broken(e, *e | bits()->nx_split, "C10: only tables");
    }
    expect_broken(entry(GFN, 1), *entry(GFN, 1) | bits()->nx_split, "C10-7");
    expect_broken(entry(GFN, 1), hw->none, "C1: every table");
    t.tables++;
    assert_true(strstr(broken(), "C1: every table"));
    t.tables -= 2;
    assert_true(strstr(broken(), "C1: every table"));
    t.tables++;
    t.nx.listed++;
    assert_true(strstr(broken(), "C10-7"));
    t.nx.listed--;
    assert_string_equal(broken(), "nothing");
}

/* In the second root as in the first, also if that is invalid. */
static void all_roots(void **state)
{
    struct tdp_root *first = root, *second = tdp_root_get(&t, 1);

    (void)state;
    root = second;
    map_as(GFN, PFN, 0, ACCESS_RW);
    expect_broken(entry(GFN, 0), *entry(GFN, 0) & ~bits()->may_write, "C2-3");
    second->invalid = true;
    expect_broken(entry(GFN, 0), *entry(GFN, 0) & ~bits()->may_write, "C2-3");
    second->invalid = false;
    root = first;
    rig_retire(second);
}

static void misuse_is_our_bug(void **state)
{
    struct tdp_count n;

    (void)state;
    expect_assert_failure((void)tdp_check(&t, &n));
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(a_sound_tree),      RIG_TEST(absent_entries), RIG_TEST(leaves),
        RIG_TEST(too_large_a_leaf),  RIG_TEST(tables),         RIG_TEST(all_roots),
        RIG_TEST(misuse_is_our_bug),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
