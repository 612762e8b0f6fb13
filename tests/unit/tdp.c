/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp.c: the tables against a flat map, with every allocation failing once, entries frozen and dirty (SPEC C, H-C). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "fake/machine.h"
#include "exit.h"
#include "tdp.h"

#define NPT_P      BIT(0)
#define NPT_A      BIT(5)
#define NPT_D      BIT(6)
#define NPT_FROZEN BIT(52)

static struct epoch epoch;
static struct tdp t;
static struct tdp_cache cache;
static u64 dirty[64];
static unsigned dirties;

static void mark(void *ctx, gfn_t gfn)
{
    assert_ptr_equal(ctx, &t);
    dirty[dirties++ % ARRAY_SIZE(dirty)] = gfn.v;
}

static struct tdp_dirty on_dirty = {.mark = mark, .ctx = &t};

static int setup(void **state)
{
    fake_setup(state);
    fake.cpus = 2;
    epoch_init(&epoch);
    cache = (struct tdp_cache){0};
    dirties = 0;
    return tdp_init(&t, &tdp_npt, &epoch) ? 0 : -1;
}

static int teardown(void **state)
{
    tdp_destroy(&t);
    tdp_cache_drain(&cache);
    (void)epoch_collect(&epoch);
    return fake_teardown(state);
}

static enum tdp_result map_as(u64 gfn, u64 pfn, bool writable)
{
    enum tdp_result r;

    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    r = tdp_map(&t, (gfn_t){gfn}, (pfn_t){pfn}, writable, &cache);
    read_unlock(&t.lock);
    return r;
}

static enum tdp_result map(u64 gfn, u64 pfn)
{
    return map_as(gfn, pfn, true);
}

/* All of it, as a caller does it; returns how often it had to be called. */
static unsigned zap(u64 start, u64 end)
{
    struct tdp_zap z = {.tables = 0};
    unsigned calls = 0;

    write_lock(&t.lock);
    do {
        tdp_zap(&t, (gfn_t){start}, (gfn_t){end}, &on_dirty, &z);
        assert_true(z.flush || !z.tables); /* C10-10: no table goes without a flush */
        tdp_zap_finish(&t, &z);
        calls++;
    } while (z.more);
    write_unlock(&t.lock);
    return calls;
}

/* The pfn that gfn maps to, or 0. */
static u64 at(u64 gfn)
{
    pfn_t pfn;
    bool writable;

    return tdp_lookup(&t, (gfn_t){gfn}, &pfn, &writable) == TDP_OK ? pfn.v : 0;
}

/* The entry for gfn at `level`. */
static u64 *entry(u64 gfn, unsigned level)
{
    u64 *table = port_map(t.root);

    for (unsigned l = 3; l > level; l--) {
        u64 e = table[gfn >> (9 * l) & 511];

        if (!(e & NPT_P))
            return NULL;
        table = port_map((hpa_t){e & 0xffffffffff000ull});
    }
    return &table[gfn >> (9 * level) & 511];
}

static void map_and_lookup(void **state)
{
    (void)state;
    assert_int_equal(at(5), 0);
    assert_int_equal(map(5, 0x1234), TDP_OK);
    assert_int_equal(at(5), 0x1234);
    assert_int_equal(at(4), 0);
    assert_int_equal(at(5 + 512), 0);
    assert_int_equal(map(5, 0x1234), TDP_SPURIOUS);
    assert_int_equal(map(t.ops->gfn_limit - 1, 0x99), TDP_OK);
    assert_int_equal(at(t.ops->gfn_limit - 1), 0x99);
    assert_true(*entry(5, 0) & NPT_A); /* no first walk to set it */
    assert_false(*entry(5, 0) & NPT_D);
    for (unsigned l = 1; l < 4; l++)
        assert_int_equal(*entry(5, l) & 0xfff, 0x827); /* present, writable, user, accessed, ours */
}

static void access_rights(void **state)
{
    (void)state;
    assert_int_equal(tdp_fix(&t, (gfn_t){5}, ACCESS_READ), TDP_NONE);
    assert_int_equal(map_as(5, 7, false), TDP_OK);
    assert_int_equal(tdp_fix(&t, (gfn_t){5}, ACCESS_READ), TDP_SPURIOUS);
    assert_int_equal(tdp_fix(&t, (gfn_t){5}, ACCESS_EXEC), TDP_SPURIOUS);
    assert_int_equal(tdp_fix(&t, (gfn_t){5}, ACCESS_WRITE), TDP_NONE);
    assert_int_equal(tdp_fix(&t, (gfn_t){6}, ACCESS_READ), TDP_NONE);
    assert_int_equal(epoch.cpu[0].active, EPOCH_IDLE);
}

/* C11: a leaf used since the last look is young once. Absent and frozen entries are never changed (C11-6). */
static void aging(void **state)
{
    (void)state;
    assert_false(tdp_age(&t, (gfn_t){5}));
    map(5, 7);
    assert_true(tdp_age(&t, (gfn_t){5}));
    assert_false(tdp_age(&t, (gfn_t){5}));
    *entry(5, 0) |= NPT_A;
    assert_true(tdp_age(&t, (gfn_t){5}));
    assert_int_equal(at(5), 7);
    assert_false(tdp_age(&t, (gfn_t){6}));
    *entry(6, 0) = NPT_FROZEN;
    assert_false(tdp_age(&t, (gfn_t){6}));
    assert_int_equal(*entry(6, 0), NPT_FROZEN);
    *entry(6, 0) = 0;
}

/* C3-6, H-C-4: a dirty bit is reported exactly once, by whoever removes the leaf. */
static void dirty_is_reported_once(void **state)
{
    (void)state;
    map(5, 7);
    map(6, 8);
    *entry(6, 0) |= NPT_D;
    zap(0, 100);
    assert_int_equal(dirties, 1);
    assert_int_equal(dirty[0], 6);
    zap(0, 100);
    assert_int_equal(dirties, 1);
}

/* Only tables that lie entirely in the range go; each through the epoch, and no reader sees one freed (H-C-7). */
static void tables_go_by_the_epoch(void **state)
{
    unsigned before;

    (void)state;
    map(512, 1);
    map(1024, 2);
    assert_int_equal(fake.frames, 1 + 2 + 2 + cache.count);
    zap(512, 1024 + 1);
    assert_int_equal(at(1024), 0);
    assert_int_equal(epoch.count, 1);
    assert_non_null(entry(1024, 0)); /* [1024, 1536) is not covered */
    assert_null(entry(512, 0));
    (void)epoch_collect(&epoch);
    map(512, 1);
    before = fake.frames;
    epoch_enter(&epoch, 1);
    zap(0, t.ops->gfn_limit);
    assert_int_equal(epoch_collect(&epoch), 0);
    assert_int_equal(fake.frames, before);
    epoch_exit(&epoch, 1);
    assert_int_equal(epoch_collect(&epoch), 4);
}

/* More tables than one zap can hand over: it says so, and the next call goes on. */
static void bounded_zap(void **state)
{
    unsigned calls;

    (void)state;
    for (u64 i = 0; i < 3 * TDP_ZAP_TABLES; i++)
        assert_int_equal(map(i * 512, i + 1), TDP_OK);
    calls = zap(0, t.ops->gfn_limit);
    assert_true(calls >= 3);
    for (u64 i = 0; i < 3 * TDP_ZAP_TABLES; i++)
        assert_int_equal(at(i * 512), 0);
    (void)epoch_collect(&epoch);
    assert_int_equal(fake.frames, 1 + cache.count);
}

/* C2-5: an entry that somebody is removing turns the fault away and stays as it is. */
static void frozen_entries(void **state)
{
    (void)state;
    map(5, 7);
    for (unsigned level = 0; level < 4; level++) {
        u64 *e = entry(5, level), old = *e;

        *e = NPT_FROZEN;
        assert_int_equal(map(5, 7), TDP_RETRY);
        assert_int_equal(*e, NPT_FROZEN);
        assert_int_equal(at(5), 0);
        *e = old;
    }
    assert_int_equal(at(5), 7);
}

/* H-C-51, C4-5: the cache is filled before the lock; when that fails, nothing is linked and nothing is lost. */
static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= TDP_CACHE; n++) {
        fake_fail_allocation(n);
        assert_false(tdp_cache_fill(&cache));
        assert_int_equal(cache.count, n - 1);
        assert_int_equal(fake.frames, 1 + cache.count);
        tdp_cache_drain(&cache);
    }
    fake_fail_allocation(0);
    assert_int_equal(map(5, 7), TDP_OK);
    assert_int_equal(cache.count, TDP_CACHE - 3);
    assert_int_equal(map(6, 8), TDP_OK);
    assert_int_equal(cache.count, TDP_CACHE);
    fake_fail_allocation(1);
    struct tdp other;
    assert_false(tdp_init(&other, &tdp_npt, &epoch));
}

static void misuse_is_our_bug(void **state)
{
    struct tdp_zap z = {.tables = 0};
    struct tdp_cache empty = {0};

    (void)state;
    expect_assert_failure((void)!tdp_map(&t, (gfn_t){5}, (pfn_t){7}, true, &cache));
    expect_assert_failure(tdp_zap(&t, (gfn_t){5}, (gfn_t){6}, &on_dirty, &z));
    read_lock(&t.lock);
    expect_assert_failure((void)!tdp_map(&t, (gfn_t){5}, (pfn_t){7}, true, &empty));
    read_unlock(&t.lock);
}

/* B6-8: a leaf that is present may not come to name another frame. */
static void a_leaf_keeps_its_frame(void **state)
{
    (void)state;
    map(5, 7);
    read_lock(&t.lock);
    expect_assert_failure((void)!tdp_map(&t, (gfn_t){5}, (pfn_t){8}, true, &cache));
    read_unlock(&t.lock);
    assert_int_equal(at(5), 7);
}

#define WINDOWS 4u
#define WINDOW  700u

/* H-C-49: random operations against a flat map of a few windows far apart, which share tables at different levels. */
static void random_operations(void **state)
{
    static const u64 base[WINDOWS] = {0, 300 * 512, 7ull << 18, 5ull << 27};
    static u64 want[WINDOWS][WINDOW];
    static bool wet[WINDOWS][WINDOW];
    unsigned reported = 0;

    (void)state;
    srand(3);
    for (unsigned n = 0; n < 30000; n++) {
        unsigned w = (unsigned)rand() % WINDOWS, i = (unsigned)rand() % WINDOW;
        u64 g = base[w] + i, end = i + (u64)rand() % (n % 50 ? 20 : WINDOW);

        switch (rand() % 8) {
        default:
            assert_int_equal(map(g, want[w][i] ? want[w][i] : n + 1), want[w][i] ? TDP_SPURIOUS : TDP_OK);
            if (!want[w][i])
                want[w][i] = n + 1;
            break;
        case 5:
            if (want[w][i]) {
                *entry(g, 0) |= NPT_D | NPT_A;
                wet[w][i] = true;
            }
            break;
        case 6:
            (void)tdp_age(&t, (gfn_t){g});
            break;
        case 7:
            zap(g, base[w] + end);
            for (u64 k = i; k < MIN(end, WINDOW); k++) {
                reported += wet[w][k];
                want[w][k] = 0;
                wet[w][k] = false;
            }
            assert_int_equal(dirties, reported);
            break;
        }
        assert_int_equal(at(g), want[w][i]);
        for (unsigned k = 0; n % 500 == 0 && k < WINDOWS * WINDOW; k++)
            assert_int_equal(at(base[k / WINDOW] + k % WINDOW), want[k / WINDOW][k % WINDOW]);
        if (n % 16 == 0)
            (void)epoch_collect(&epoch);
    }
    zap(0, t.ops->gfn_limit);
    (void)epoch_collect(&epoch);
    assert_int_equal(fake.frames, 1 + cache.count);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(map_and_lookup),
        test(access_rights),
        test(aging),
        test(dirty_is_reported_once),
        test(tables_go_by_the_epoch),
        test(bounded_zap),
        test(frozen_entries),
        test(every_allocation_fails_once),
        test(misuse_is_our_bug),
        test(a_leaf_keeps_its_frame),
        test(random_operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
