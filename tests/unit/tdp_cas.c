/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_cas.c: every compare-exchange of an entry is lost to somebody: what is lock-free ends all the same (SPEC C3-2,
 * H-C-29, O-11).
 *
 * One format is compiled in here with a compare-exchange that fails when the test says so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fake/machine.h"
#include "tdp.h"

static unsigned fails; /* so many more compare-exchanges find another value */

#undef at_cas
#define at_cas(p, seen, want)             \
    (fails ? (fails--, lose((p), (seen))) \
           : __atomic_compare_exchange_n((p), (seen), (want), false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))

static bool lose(u64 *slot, u64 *seen)
{
    *seen = __atomic_load_n(slot, __ATOMIC_RELAXED);
    return false;
}

#include "tdp_ept_noad.c"

static struct epoch epoch;
static struct tdp t;
static struct tdp_root *root;
static struct tdp_cache cache;
static unsigned tolds;

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    (void)vm;
    (void)start;
    tolds += (unsigned)pages;
}

void flush_all(struct vm *vm)
{
    (void)vm;
}

void flush_roots(struct vm *vm)
{
    (void)vm;
}

static enum tdp_result map_one(u64 gfn, unsigned level, u32 access)
{
    const struct tdp_map m = {.gfn = {gfn}, .pfn = {gfn + 512}, .level = level, .access = access};
    enum tdp_result r;

    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    r = tdp_map(&t, root, &m, &cache);
    read_unlock(&t.lock);
    return r;
}

static int begin(void **state)
{
    fake_setup(state);
    fails = tolds = 0;
    cache = (struct tdp_cache){0};
    epoch_init(&epoch);
    tdp_init(&t, NULL, &tdp_ept_noad, &epoch);
    root = tdp_root_get(&t, 0);
    return 0;
}

static int end(void **state)
{
    fails = 0;
    tdp_cache_drain(&cache);
    tdp_zap_all(&t);
    tdp_root_put(&t, root);
    tdp_destroy(&t);
    return fake_teardown(state);
}

/* H-C-29: young, the walk goes to its end, and no entry is changed. */
static void aging_loses(void **state)
{
    u64 young = 0;

    (void)state;
    for (u64 i = 0; i < 8; i++)
        map_one(i, 0, ACCESS_READ);
    fails = ~0u;
    tdp_age(&t, (gfn_t){0}, (gfn_t){8}, &young, true);
    assert_int_equal(~0u - fails, 8); /* each was tried once */
    assert_int_equal(young, 0xff);
    fails = 0;
    young = 0;
    tdp_age(&t, (gfn_t){0}, (gfn_t){8}, &young, true);
    assert_int_equal(young, 0xff);
    young = 0;
    tdp_age(&t, (gfn_t){0}, (gfn_t){8}, &young, true);
    assert_int_equal(young, 0);
}

/* C4-6: a handful of attempts, then the fault is sent back; nothing was told. */
static void fixing_loses(void **state)
{
    (void)state;
    map_one(0, 0, ACCESS_READ);
    fails = ~0u;
    assert_int_equal(tdp_fix(&t, root, (gfn_t){0}, ACCESS_WRITE), TDP_RETRY);
    assert_in_range(~0u - fails, 2, 8);
    assert_int_equal(tolds, 0);
    fails = 1;
    assert_int_equal(tdp_fix(&t, root, (gfn_t){0}, ACCESS_WRITE), TDP_OK);
    assert_int_equal(tolds, 1);
}

/* A fault that loses keeps its pages; C3-2: no other side effect. */
static void mapping_loses(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 4; lost++) {
        struct tdp_leaf l;

        fails = 0;
        assert_true(tdp_cache_fill(&cache));
        fails = ~0u;
        assert_int_equal(map_one(lost << 27, 0, ACCESS_WRITE), TDP_RETRY);
        assert_int_equal(cache.count, TDP_CACHE);
        assert_int_equal(tolds, lost);
        assert_int_equal(tdp_lookup(&t, root, (gfn_t){lost << 27}, &l), TDP_NONE);
        fails = 0;
        assert_int_equal(map_one(lost << 27, 0, ACCESS_WRITE), TDP_OK);
    }
}

/* What must not be given up goes on until it is done. */
static void protecting_and_splitting_go_on(void **state)
{
    struct tdp_gather g = {0};
    struct tdp_leaf l;

    (void)state;
    map_one(512, 1, ACCESS_WRITE);
    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    fails = 5;
    tdp_write_protect(&t, (gfn_t){512}, (gfn_t){513}, &g);
    assert_int_equal(fails, 0);
    assert_true(g.flush);
    fails = 5;
    assert_true(tdp_split(&t, (gfn_t){512}, (gfn_t){513}, 0, &cache));
    assert_int_equal(fails, 0);
    read_unlock(&t.lock);
    assert_int_equal(cache.count, TDP_CACHE - 1);
    assert_int_equal(tdp_lookup(&t, root, (gfn_t){512}, &l), TDP_OK);
    assert_false(l.write);
    assert_int_equal(l.level, 0);
}

/* A fetch that loses has listed nothing; recovery that loses leaves the table to whoever was faster. */
static void the_list_stays_right(void **state)
{
    const struct tdp_map m = {.gfn = {0}, .pfn = {512}, .nx_level = 1, .access = ACCESS_EXEC};

    (void)state;
    map_one(600, 0, ACCESS_READ); /* the tables above */
    t.nx.on = true;
    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    fails = 1;
    assert_int_equal(tdp_map(&t, root, &m, &cache), TDP_RETRY);
    assert_int_equal(t.nx.listed, 0);
    assert_int_equal(t.nx.reserved, 0);
    assert_int_equal(tdp_map(&t, root, &m, &cache), TDP_OK);
    assert_int_equal(t.nx.listed, 1);
    assert_int_equal(t.nx.reserved, 0);
    read_unlock(&t.lock);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        test(aging_loses),          test(fixing_loses),
        test(mapping_loses),        test(protecting_and_splitting_go_on),
        test(the_list_stays_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
