/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_diff.c: random operations, the same in every format, against a flat map of pages (H-C-49, H-C-2, H-C-26).
 *
 * The same ones each time, or with TDP_SEED=… others.
 */
#include "tdp_model.h"
#include <stdlib.h>

#define SEED  1
#define STEPS 12000 /* for each format */

/* ---- Operations ---- */

struct range {
    unsigned w;
    u64 start, end;
};

static struct range any_range(u64 longest)
{
    unsigned w = any(300) ? (unsigned)any(2) : 2;
    u64 from = any(window[w].pages), n = any(8) ? 1 + any(20) : 1 + any(longest);

    if (any(4) == 0)
        from &= ~511ull;
    return (struct range){w, window[w].base + from, window[w].base + MIN(from + n, window[w].pages)};
}

static u64 any_gfn(void)
{
    return any_range(1).start;
}

static void do_map(void)
{
    u64 gfn = any_gfn(), pfn = gfn + (any(40) ? 16 : 24) * FULL;
    struct tdp_map m = {.gfn = {gfn}, .level = (unsigned)any(3), .access = 1u << any(3)};
    struct page *p = page(gfn), before = *p;
    struct block old = block_of(gfn), b;
    enum tdp_result r;

    if (gfn < window[2].base)
        m.level = MIN(m.level, 1u);
    if (m.access == ACCESS_EXEC && t.nx.on && m.level) {
        m.nx_level = m.level;
        m.level = 0;
    }
    m.pfn.v = p->pfn ? p->pfn : pfn;
    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    r = tdp_map(&t, root, &m, &cache);
    read_unlock(&t.lock);
    if (!before.pfn) {
        bool w = hw->d && t.log != TDP_LOG_WRITE_PROTECT;

        assert_int_equal(r, TDP_OK);
        b.level = leaf(gfn).level;
        assert_true(b.level <= m.level);
        b = (struct block){gfn & ~(BIT(9 * b.level) - 1), BIT(9 * b.level), b.level};
        for (u64 g = b.first; g < b.first + b.n; g++) {
            assert_int_equal(page(g)->pfn, 0);
            page(g)->pfn = g + (pfn - gfn);
        }
        change(b, w || m.access == ACCESS_WRITE, true, false);
        if (!w && m.access == ACCESS_WRITE)
            expect_told(b);
    } else if (allowed(&before, old.level, m.access)) {
        assert_int_equal(r, TDP_SPURIOUS);
    } else {
        b = block_of(gfn);
        if (r == TDP_NONE) /* a huge leaf that may stay: fault again, for a smaller one */
            return assert_true(m.level && (t.log != TDP_LOG_OFF || (t.nx.on && m.access == ACCESS_EXEC)));
        assert_true(r == TDP_OK || b.level < old.level);
        change(b, before.w || m.access == ACCESS_WRITE, before.a || soft(), before.d);
        if (!before.w && m.access == ACCESS_WRITE)
            expect_told(b);
    }
}

static void do_fix(void)
{
    u64 gfn = any_gfn();
    u32 access = 1u << any(3);
    struct page before = *page(gfn);
    struct block b = block_of(gfn);
    enum tdp_result r = fix(gfn, access), want = TDP_OK;
    bool write = access == ACCESS_WRITE && !before.w;

    if (!before.pfn)
        want = TDP_NONE;
    else if (allowed(&before, b.level, access))
        want = TDP_SPURIOUS;
    else if (b.level && ((access == ACCESS_EXEC && t.nx.on) || (write && t.log != TDP_LOG_OFF)))
        want = TDP_NONE;
    assert_int_equal(r, want);
    if (r != TDP_OK)
        return;
    change(b, before.w || write, before.a || soft(), before.d);
    if (write)
        expect_told(b);
}

static void do_touch(void)
{
    u64 gfn = any_gfn();
    u32 access = 1u << any(3);
    struct page before = *page(gfn);
    struct block b = block_of(gfn);

    assert_int_equal(touch(gfn, access), allowed(&before, b.level, access) ? before.pfn : 0);
    if (allowed(&before, b.level, access))
        change(b, before.w, true, before.d || (hw->d && access == ACCESS_WRITE));
}

static void do_age(void)
{
    static u64 young[FULL / 64 + 1];
    struct range r = any_range(SMALL);
    bool clear = any(3);

    memset(young, 0, ((r.end - r.start) / 64 + 1) * 8);
    tdp_age(&t, (gfn_t){r.start}, (gfn_t){r.end}, young, clear);
    for (u64 g = r.start; g < r.end; g++)
        assert_int_equal(tdp_young_bit(young, g - r.start), page(g)->pfn && page(g)->a);
    for (u64 g = r.start; clear && g < r.end; g++)
        if (page(g)->pfn && page(g)->a)
            change(block_of(g), page(g)->w && !tracked(), false, page(g)->d);
}

static void do_write_protect(void)
{
    struct range r = any_range(SMALL);
    bool owed = false;

    write_protect(r.start, r.end);
    for (u64 g = r.start; g < r.end; g++) {
        owed |= page(g)->pfn && (page(g)->w || tracked());
        if (!page(g)->pfn || !page(g)->w)
            continue;
        if (is_dirty(page(g)))
            expect_told(block_of(g));
        change(block_of(g), false, page(g)->a, false);
    }
    assert_int_equal(gather.flush, owed);
}

static void do_harvest(void)
{
    struct range r = any_range(SMALL);
    bool owed = false;

    harvest(r.start, r.end);
    for (u64 g = r.start; g < r.end; g++) {
        if (!page(g)->pfn || !page(g)->d)
            continue;
        owed = true;
        expect_told(block_of(g));
        change(block_of(g), page(g)->w, page(g)->a, false);
    }
    assert_int_equal(gather.flush, owed);
}

/* Whatever is gone of the window is told if it was dirty, and had reason to go. */
static void expect_gone(unsigned w, u64 start, u64 end, const struct block *huge, unsigned huges)
{
    for (u64 g = window[w].base; g < window[w].base + window[w].pages; g++) {
        struct page *p = page(g);
        bool reason = g - start < end - start;
        struct tdp_leaf l;

        if (!p->pfn)
            continue;
        if (tdp_lookup(&t, root, (gfn_t){g}, &l) == TDP_OK) {
            g |= BIT(9 * l.level) - 1; /* all of the leaf is there */
            continue;
        }
        for (unsigned i = 0; i < huges; i++)
            reason |= g - huge[i].first < huge[i].n;
        assert_true(reason);
        if (is_dirty(p))
            expect_told((struct block){g, 1, 0});
        *p = (struct page){0};
    }
}

static void do_zap(void)
{
    struct range r = any_range(window[any(100) ? 0 : 2].pages);
    const struct block huge[2] = {block_of(r.start), block_of(r.end - 1)};
    unsigned form = (unsigned)any(3);

    if (form == 0) {
        assert_true(tdp_cache_fill(&cache));
        zap_by(r.start, r.end, &cache);
    } else if (form == 1) {
        zap_by(r.start, r.end, NULL);
    } else {
        tdp_zap_slowly(&t, (gfn_t){r.start}, (gfn_t){r.end});
    }
    expect_gone(r.w, r.start, r.end, huge, form ? 2 : 0);
    for (u64 g = r.start; g < r.end; g++)
        assert_int_equal(page(g)->pfn, 0);
}

static void do_split(void)
{
    struct range r = any_range(SMALL);
    unsigned to = (unsigned)any(2);

    while (!split(r.start, r.end, to))
        ;
    for (u64 g = r.start; g < r.end; g++)
        assert_true(block_of(g).level <= to);
}

static void do_collapse(void)
{
    u64 gfn = any_gfn();
    unsigned level = any(20) ? 1 : 2;
    struct block b = {gfn & ~(BIT(9 * level) - 1), BIT(9 * level), level};
    struct page all = {.w = true};
    bool whole = t.log == TDP_LOG_OFF, holes = false;
    u64 base;

    if (level == 2 && gfn < window[2].base)
        return;
    base = page(b.first)->pfn;
    for (u64 g = b.first; g < b.first + b.n; g++) {
        const struct page *p = page(g);

        holes |= !p->pfn;
        whole = whole && p->pfn == base + (g - b.first) && block_of(g).level == level - 1;
        all.w &= p->w || hw->d;
        all.a |= p->a;
    }
    if (holes)
        return; /* what may be there is the owner's to know; tdp_huge.c */
    if (!collapse(b.first, level, base)) {
        assert_true(!whole || t.nx.on); /* a listed table stays */
        return;
    }
    assert_true(whole);
    assert_int_equal(leaf(gfn).level, level);
    for_block (p, b)
        expected += hw->d ? p->d : p->w;
    change(b, all.w && !(tracked() && !all.a), all.a, false);
}

static void do_recover(void)
{
    bool any_left = t.nx.listed && t.log == TDP_LOG_OFF;

    assert_int_equal(tdp_recover(&t, 1), any_left);
    for (unsigned w = 0; any_left && w < WINDOWS; w++)
        expect_gone(w, window[w].base, window[w].base + window[w].pages, NULL, 0);
}

static void do_zap_all(void)
{
    tdp_zap_all(&t);
    for (unsigned w = 0; w < WINDOWS; w++)
        expect_gone(w, window[w].base, window[w].base + window[w].pages, NULL, 0);
    tdp_root_put(&t, root);
    root = tdp_root_get(&t, 0);
    assert_non_null(root);
    t.log = any(3);
}

static const struct {
    void (*run)(void);
    unsigned weight;
} ops[] = {
    {do_map, 260},          {do_fix, 120},    {do_touch, 200}, {do_age, 60},
    {do_write_protect, 30}, {do_harvest, 30}, {do_zap, 40},    {do_split, 12},
    {do_collapse, 25},      {do_recover, 4},  {do_zap_all, 1},
};

static void step(unsigned n)
{
    unsigned total = 0, pick, i = 0;

    for (unsigned k = 0; k < ARRAY_SIZE(ops); k++)
        total += ops[k].weight;
    pick = (unsigned)any(total);
    while (pick >= ops[i].weight)
        pick -= ops[i++].weight;
    forget();
    expected = 0;
    ops[i].run();
    expect_told_no_more();
    commit();
    for (unsigned k = 0; k < 8; k++)
        compare(any_gfn());
    for (unsigned w = 0; n % 100 == 0 && w < WINDOWS; w++)
        compare_range(window[w].base, window[w].base + window[w].pages);
    if (n % 100 == 0)
        count();
}

/* Large blocks to begin with, so that collapse and split have something to do. */
static void random_operations(void **state)
{
    const char *seed = getenv("TDP_SEED");
    u64 first = seed ? strtoull(seed, NULL, 0) : SEED;

    (void)state;
    print_message("replay with TDP_SEED=%llu\n", (unsigned long long)first);
    rng = (first + 1) * 0x9e3779b97f4a7c15ull;
    memset(model, 0, sizeof(model));
    t.nx.on = any(2);
    for (unsigned n = 1; n <= STEPS; n++)
        step(n);
}

int main(void)
{
    static const struct rig_test tests[] = {RIG_TEST(random_operations)};

    return rig_run(tests, ARRAY_SIZE(tests));
}
