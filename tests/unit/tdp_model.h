/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_model.h: a flat map of pages, and whether the tree agrees with it.
 *
 * The map says for each page which frame it has, whether it may be written, was accessed, is dirty. How large the
 * leaves are it takes from the tree.
 */
#pragma once
#include "tdp_rig.h"

struct page {
    u64 pfn; /* 0: absent */
    bool w, a, d;
};

/* Two windows whose pages share tables at different levels, and one that holds a leaf of 1 GiB. */
#define WINDOWS 3u
#define SMALL   2048u
static const struct {
    u64 base, pages;
} window[WINDOWS] = {{3 * 512, SMALL}, {5 * FULL - SMALL / 2, SMALL}, {8 * FULL, FULL}};
static struct page model[WINDOWS][FULL];
static u64 rng;

static u64 any(u64 n)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (rng >> 11) % n;
}

static struct page *page(u64 gfn)
{
    for (unsigned i = 0; i < WINDOWS; i++)
        if (gfn - window[i].base < window[i].pages)
            return &model[i][gfn - window[i].base];
    fail_msg("gfn %#llx is in no window", (unsigned long long)gfn);
    return NULL;
}

/* ---- What the formats differ in ---- */

static bool soft(void)
{
    return !hw->a; /* the accessed bit comes by a fault */
}

static bool tracked(void)
{
    return hw->ops == &tdp_ept_noad;
}

static bool is_dirty(const struct page *p)
{
    return hw->d ? p->d : p->w;
}

static bool allowed(const struct page *p, unsigned level, u32 access)
{
    return p->pfn && (!soft() || p->a) && (!(access & ACCESS_WRITE) || p->w) &&
           (!(access & ACCESS_EXEC) || level == 0 || !t.nx.on);
}

/* ---- A leaf as the tree has it now: the pages [first, first + n) are one ---- */

struct block {
    u64 first, n;
    unsigned level;
};

static struct block block_of(u64 gfn)
{
    unsigned level = page(gfn)->pfn ? leaf(gfn).level : 0;

    return (struct block){.first = gfn & ~(BIT(9 * level) - 1), .n = BIT(9 * level), .level = level};
}

#define for_block(p, b) for (struct page *p = page((b).first), *end_ = p + (b).n; p < end_; p++)

static void change(struct block b, bool w, bool a, bool d)
{
    for_block (p, b) {
        p->w = w;
        p->a = a;
        p->d = d;
    }
}

/* ---- What was told in this step must be these pages, and no others ---- */

static u64 expected;

/* Begins to look where it found the last one: the tree tells in order. */
static bool was_told(u64 gfn)
{
    static unsigned at;

    for (unsigned i = 0; i < rig.tolds; i++, at++) {
        at %= rig.tolds;
        if (gfn - rig_told[at].start < rig_told[at].pages)
            return true;
    }
    return false;
}

static void expect_told(struct block b)
{
    assert_true(was_told(b.first) && was_told(b.first + b.n - 1));
    expected += b.n;
}

static void expect_told_no_more(void)
{
    u64 n = 0;

    for (unsigned i = 0; i < rig.tolds; i++)
        n += rig_told[i].pages;
    assert_int_equal(n, expected);
}

/* ---- Comparison ---- */

static void compare(u64 gfn)
{
    const struct page *p = page(gfn);
    struct tdp_leaf l;
    unsigned level;
    u64 *slot;

    if (!p->pfn) {
        assert_true(absent(gfn));
        assert_null(hw_leaf(hw, root->table, gfn, &level));
        return;
    }
    l = leaf(gfn);
    assert_int_equal(l.pfn.v, p->pfn);
    assert_int_equal(l.write, p->w);
    assert_int_equal(l.accessed, p->a);
    assert_int_equal(l.dirty, is_dirty(p));
    slot = hw_leaf(hw, root->table, gfn, &level);
    for (u32 access = 1; access < 8; access++)
        assert_int_equal(slot && hw_allows(hw, *slot, access), allowed(p, l.level, access));
    if (slot)
        assert_int_equal(hw_pfn(hw, *slot) + (gfn & (BIT(9 * level) - 1)), p->pfn);
}

static void compare_range(u64 gfn, u64 end)
{
    for (; gfn<end; gfn += gfn % 512> 500 || gfn % 512 < 4 ? 1 : 1 + any(end - gfn > SMALL ? 900 : 30))
        compare(gfn);
}
