/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_yield.c: nothing drops the lock, leaves a section or frees a table with a flush owed (SPEC C6, H-C-12 … 16).
 *
 * tdp.c and tdp_root.c are compiled in here with spies in the places where something is given up. A TLB remembers all
 * translations since the last flush, and a paging-structure cache all tables.
 */
#include "tdp_rig.h"

static void spy_unlock(void);
static void spy_exit(void);
static void spy_retire(hpa_t page);

#define write_unlock(l)    (spy_unlock(), write_unlock(l))
#define read_unlock(l)     (spy_unlock(), read_unlock(l))
#define epoch_exit(e, cpu) (spy_exit(), epoch_exit(e, cpu))
#define epoch_retire(e, page)   \
    ({                          \
        hpa_t page_ = (page);   \
        spy_retire(page_);      \
        epoch_retire(e, page_); \
    })
#include <tdp.c> /* host/core, not the test of that name */
#include <tdp_root.c>

#define GFN   (3 * FULL)
#define PFN   (5 * FULL)
#define PAGES 5000u

/* Page i is at gfn(i); its translation in the TLB, and the tables on the way to it. */
static struct {
    u64 pfn;
    hpa_t table[4];
} tlb[PAGES];
static unsigned unlocks, retired;
static bool watching;

static u64 gfn(u64 i)
{
    return GFN + i * 37;
}

/* Hardware may remember whatever is there now. */
static void remember(void)
{
    for (u64 i = 0; i < PAGES; i++) {
        unsigned level;
        u64 *e = root->invalid ? NULL : hw_leaf(hw, root->table, gfn(i), &level);

        tlb[i].pfn = e ? hw_pfn(hw, *e) : 0;
        for (unsigned l = 0; l < hw->levels; l++) {
            e = root->invalid ? NULL : hw_entry(hw, root->table, gfn(i), l);
            tlb[i].table[l] = port_hpa((void *)((uintptr_t)e & ~PAGE_MASK));
        }
    }
}

/* H-C-12: what the TLB remembers is still so. */
static void spy_unlock(void)
{
    unlocks++;
    for (u64 i = 0; watching && i < PAGES; i++) {
        unsigned level;
        u64 *e = tlb[i].pfn ? hw_leaf(hw, root->table, gfn(i), &level) : NULL;

        if (tlb[i].pfn && (!e || hw_pfn(hw, *e) != tlb[i].pfn))
            fail_msg("the lock is dropped, and gfn %#llx is still in the TLB", (unsigned long long)gfn(i));
    }
}

static void spy_exit(void)
{
    spy_unlock(); /* C5-2: the same, and sooner */
    unlocks--;
}

/* H-C-8. */
static void spy_retire(hpa_t page)
{
    retired++;
    for (u64 i = 0; watching && i < PAGES; i++)
        for (unsigned l = 0; l < hw->levels; l++)
            if (tlb[i].table[l].v == page.v)
                fail_msg("a table is retired that a CPU may still walk to gfn %#llx",
                         (unsigned long long)gfn(i));
}

static void fill(void)
{
    const struct tdp_map nx = {.nx_level = 1, .access = ACCESS_EXEC};

    t.nx.on = true;
    for (u64 i = 0; i < PAGES; i++) {
        struct tdp_map m = nx;

        m.gfn.v = gfn(i);
        m.pfn.v = PFN + i;
        assert_true(tdp_cache_fill(&cache));
        read_lock(&t.lock);
        assert_int_equal(tdp_map(&t, root, &m, &cache), TDP_OK);
        (read_unlock)(&t.lock);
    }
    forget();
    remember();
    rig.flushed = remember;
    unlocks = retired = 0;
    watching = true;
}

static int teardown(void **state)
{
    watching = false;
    rig.flushed = NULL;
    unlocks = 0;
    return rig_teardown(state);
}

static void zap_slowly(void **state)
{
    (void)state;
    fill();
    tdp_zap_slowly(&t, (gfn_t){gfn(100)}, (gfn_t){gfn(PAGES - 100)});
    assert_true(unlocks > PAGES / 4096);
    assert_true(retired > 2 * TDP_GATHER_TABLES);
    assert_int_equal(count().leaves[0], 200);
    for (u64 i = 0; i < PAGES; i++)
        assert_int_equal(absent(gfn(i)), i >= 100 && i < PAGES - 100);
}

static void zap_with_many_tables(void **state)
{
    (void)state;
    fill();
    zap_by(0, gfn_limit(), NULL);
    commit();
    assert_true(retired > 2 * TDP_GATHER_TABLES);
    assert_int_equal(count().leaves[0], 0);
}

static void zap_all(void **state)
{
    (void)state;
    fill();
    tdp_zap_all(&t);
    assert_true(unlocks > 2 * PAGES / 4096);
    assert_int_equal(count().leaves[0], 0);
}

static void recovery(void **state)
{
    unsigned n = 0;

    (void)state;
    fill();
    while (tdp_recover(&t, 10))
        n++;
    assert_true(n > 10);
    assert_true(retired > 2 * TDP_GATHER_TABLES);
    assert_int_equal(count().leaves[0], 0);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(zap_slowly),
        RIG_TEST(zap_with_many_tables),
        RIG_TEST(zap_all),
        RIG_TEST(recovery),
    };

    return rig_run_in(rig_setup, teardown, tests, ARRAY_SIZE(tests));
}
