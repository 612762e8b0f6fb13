/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp.c: a leaf comes, is found, and allows what it should, in each format (SPEC C1, C2, C4, C8-5). */
#include "tdp_rig.h"

static bool has_dirty(void)
{
    return hw->d;
}

static void map_and_look_up(void **state)
{
    static const u64 gfns[] = {0, 5, 511, 512, 513, 3 * 512 + 7, FULL - 1, FULL, 77 * FULL + 12345};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(gfns); i++) {
        assert_true(absent(gfns[i]));
        assert_int_equal(touch(gfns[i], ACCESS_READ), 0);
        assert_int_equal(map(gfns[i], 0x1000 + i), TDP_OK);
        assert_int_equal(leaf(gfns[i]).pfn.v, 0x1000 + i);
        assert_int_equal(leaf(gfns[i]).level, 0);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(gfns); i++) {
        assert_int_equal(touch(gfns[i], ACCESS_READ), 0x1000 + i);
        assert_int_equal(touch(gfns[i], ACCESS_EXEC), 0x1000 + i);
    }
    assert_true(absent(6));
    assert_true(absent(5 + 1024));
    assert_int_equal(count().leaves[0], ARRAY_SIZE(gfns));
    assert_int_equal(rig.flushes, 0); /* C6-20 */
}

static void the_last_gfn_and_the_one_behind(void **state)
{
    (void)state;
    assert_int_equal(map(gfn_limit() - 1, 7), TDP_OK);
    assert_int_equal(touch(gfn_limit() - 1, ACCESS_READ), 7);
    assert_int_equal(map(gfn_limit(), 8), TDP_NONE);
    assert_int_equal(map(~0ull - 1, 8), TDP_NONE);
    assert_int_equal(fix(gfn_limit(), ACCESS_READ), TDP_NONE);
    assert_true(absent(gfn_limit()));
    zap(gfn_limit(), ~0ull);
    assert_int_equal(count().leaves[0], 1);
    zap(gfn_limit() - 1, ~0ull);
    assert_int_equal(count().leaves[0], 0);
}

/* Frame numbers as wide as the format has room for. */
static void wide_frames(void **state)
{
    const u64 widest = BIT(hw->pfn_width) - 1, at[] = {5, 512, FULL};

    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        u64 pfn = widest & ~(BIT(9 * level) - 1);

        assert_int_equal(map_as(at[level], pfn + (at[level] & (BIT(9 * level) - 1)), level, ACCESS_RW),
                         TDP_OK);
        assert_int_equal(touch(at[level], ACCESS_WRITE), pfn);
    }
}

static void huge_leaves(void **state)
{
    (void)state;
    assert_int_equal(map_as(5 * 512 + 9, 0x80000 + 9, 1, ACCESS_READ), TDP_OK);
    assert_int_equal(map_as(3 * FULL + 777, 7 * FULL + 777, 2, ACCESS_READ), TDP_OK);
    for (u64 i = 0; i < 512; i++)
        assert_int_equal(touch(5 * 512 + i, ACCESS_READ), 0x80000 + i);
    for (u64 i = 0; i < FULL; i += 511)
        assert_int_equal(touch(3 * FULL + i, ACCESS_EXEC), 7 * FULL + i);
    assert_int_equal(leaf(5 * 512).level, 1);
    assert_int_equal(leaf(3 * FULL).level, 2);
    assert_int_equal(leaf(3 * FULL + 12345).pfn.v, 7 * FULL + 12345);
    assert_true(absent(4 * 512 + 511) && absent(6 * 512) && absent(3 * FULL - 1) && absent(4 * FULL));
    assert_int_equal(count().leaves[1], 1);
    assert_int_equal(count().leaves[2], 1);
    assert_int_equal(count().tables, hw->levels == 4 ? 3 : 2);
    assert_int_equal(map_as(5 * 512, 0x80000, 1, ACCESS_READ), TDP_SPURIOUS);
    assert_int_equal(map_as(5 * 512 + 1, 0x80001, 0, ACCESS_READ),
                     TDP_SPURIOUS); /* C4-2: larger, and allows it */
}

/* C10-2: a table stays, whatever size a fault would like. */
/* tdp_report() prints an entry for each level, down to the leaf or to where there is none. */
static void report(void **state)
{
    const struct {
        u64 gfn;
        unsigned entries;
    } rows[] = {
        {5, hw->ops->levels}, {512 + 9, hw->ops->levels - 1}, {FULL, hw->ops->levels - 2}, {gfn_limit(), 0}};

    (void)state;
    assert_int_equal(map(5, 7), TDP_OK);
    assert_int_equal(map_as(512, 512, 1, ACCESS_READ), TDP_OK);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned lines = 0;

        fake_console_clear();
        tdp_report(&t, root, (gfn_t){rows[i].gfn});
        for (const char *at = fake.console; (at = strstr(at, "entry ")); at++)
            lines++;
        assert_int_equal(lines, rows[i].entries);
    }
    fake_console_clear();
    tdp_report(&t, root, (gfn_t){512 + 9});
    assert_non_null(strstr(fake.console, "level 1, index 001: entry "));
}

static void smaller_leaves_stay(void **state)
{
    (void)state;
    map(512, 0x200);
    assert_int_equal(map_as(513, 0x201, 1, ACCESS_READ), TDP_OK);
    assert_int_equal(leaf(513).level, 0);
    assert_true(absent(514));
    assert_int_equal(map_as(514, 0x202, 2, ACCESS_READ), TDP_OK);
    assert_int_equal(leaf(514).level, 0);
    assert_int_equal(count().leaves[0], 3);
}

/* C2-6: no first walk has anything to set in tables; and the first use of a leaf is its fault. */
static void new_entries_are_accessed(void **state)
{
    u64 before[4];

    (void)state;
    map(5, 7);
    for (unsigned l = 0; l < hw->levels; l++)
        before[l] = *entry(5, l);
    assert_true(before[0] & hw->accessed);
    assert_true(leaf(5).accessed);
    assert_int_equal(touch(5, ACCESS_READ), 7);
    for (unsigned l = 0; l < hw->levels; l++)
        assert_int_equal(*entry(5, l), before[l]);
}

/* Everything a fault handler may call again: same value, or a right that is there already. */
static void spurious(void **state)
{
    (void)state;
    assert_int_equal(fix(5, ACCESS_READ), TDP_NONE);
    assert_int_equal(map_as(5, 7, 0, ACCESS_RW), TDP_OK);
    assert_int_equal(map_as(5, 7, 0, ACCESS_RW), TDP_SPURIOUS);
    assert_int_equal(map_as(5, 7, 0, ACCESS_EXEC), TDP_SPURIOUS);
    assert_int_equal(fix(5, ACCESS_RW), TDP_SPURIOUS);
    assert_int_equal(fix(5, ACCESS_EXEC), TDP_SPURIOUS);
    assert_int_equal(fix(6, ACCESS_READ), TDP_NONE);
    assert_int_equal(cache.count, TDP_CACHE);
    assert_int_equal(epoch.cpu[0].active, EPOCH_IDLE);
}

/* Where hardware tells dirty pages, leaves are writable from the start; elsewhere a write fault makes them so. */
static void write_is_given_by_a_fault(void **state)
{
    (void)state;
    map(5, 7);
    assert_int_equal(leaf(5).write, has_dirty());
    assert_int_equal(touch(5, ACCESS_WRITE), has_dirty() ? 7 : 0);
    assert_int_equal(rig.tolds, 0); /* the dirty bit will tell */
    assert_int_equal(fix(5, ACCESS_WRITE), has_dirty() ? TDP_SPURIOUS : TDP_OK);
    assert_int_equal(touch(5, ACCESS_WRITE), 7);
    assert_int_equal(told(5), has_dirty() ? 0 : 1); /* C8-5, once (H-C-21) */
    assert_int_equal(fix(5, ACCESS_WRITE), TDP_SPURIOUS);
    assert_int_equal(told(5), has_dirty() ? 0 : 1);
    assert_true(leaf(5).dirty);
    assert_int_equal(map_as(6, 8, 0, ACCESS_RW), TDP_OK);
    assert_int_equal(told(6), has_dirty() ? 0 : 1);
    assert_int_equal(map_as(512 + 3, 512 + 3, 1, ACCESS_RW), TDP_OK);
    assert_int_equal(told(512) + told(1023), has_dirty() ? 0 : 2);
    assert_int_equal(told(511) + told(1024), 0);
}

/* C8-1: under the write-protecting log every right to write is told, in each format. */
static void the_log_by_write_protection(void **state)
{
    (void)state;
    t.log = TDP_LOG_WRITE_PROTECT;
    map(5, 7);
    assert_false(leaf(5).write);
    assert_int_equal(touch(5, ACCESS_WRITE), 0);
    assert_int_equal(fix(5, ACCESS_WRITE), TDP_OK);
    assert_int_equal(told(5), 1);
    assert_int_equal(map_as(6, 8, 0, ACCESS_RW), TDP_OK);
    assert_int_equal(told(6), 1);
    assert_int_equal(touch(6, ACCESS_WRITE), 8);
    map(7, 9);
    assert_int_equal(map_as(7, 9, 0, ACCESS_RW), TDP_OK); /* a fault that comes the slow way */
    assert_int_equal(told(7), 1);
    assert_int_equal(rig.tolds, 3);
}

/* C8-3: while the log is kept, a huge leaf does not become writable; a write splits it. */
static void no_huge_writes_while_logging(void **state)
{
    (void)state;
    map_as(512, 512, 1, ACCESS_READ);
    write_protect(512, 1024);
    t.log = TDP_LOG_WRITE_PROTECT;
    assert_int_equal(fix(515, ACCESS_WRITE), TDP_NONE);
    assert_int_equal(map_as(515, 515, 0, ACCESS_RW), TDP_OK);
    assert_int_equal(touch(515, ACCESS_WRITE), 515);
    assert_int_equal(touch(514, ACCESS_WRITE), 0);
    assert_int_equal(touch(514, ACCESS_READ), 514);
    assert_int_equal(leaf(514).level, 0);
    assert_int_equal(told(515), 1);
    assert_int_equal(told(514), 0);
}

/* C2-5: an entry that somebody is changing turns faults away, and stays as it is. */
static void frozen_entries(void **state)
{
    (void)state;
    map(5, 7);
    for (unsigned level = 0; level < hw->levels; level++) {
        u64 *e = entry(5, level), old = *e;

        *e = hw->frozen;
        assert_int_equal(map(5, 7), TDP_RETRY);
        assert_int_equal(map_as(5, 7, 1, ACCESS_RW), TDP_RETRY);
        assert_int_not_equal(fix(5, ACCESS_WRITE), TDP_OK);
        assert_false(age(5, true));
        assert_true(absent(5));
        assert_int_equal(touch(5, ACCESS_READ), 0);
        assert_int_equal(*e, hw->frozen);
        *e = old;
    }
    assert_int_equal(leaf(5).pfn.v, 7);
}

/* C4-5, H-C-51: pages come before the lock; when there are none, nothing is linked and nothing is lost. */
static void every_allocation_fails_once(void **state)
{
    unsigned before = fake.frames, tables = hw->levels - 1;

    (void)state;
    for (unsigned n = 1; n <= TDP_CACHE; n++) {
        fake_fail_allocation(n);
        assert_false(tdp_cache_fill(&cache));
        assert_int_equal(cache.count, n - 1);
        assert_int_equal(fake.frames, before + cache.count);
        tdp_cache_drain(&cache);
        assert_int_equal(fake.frames, before);
    }
    fake_fail_allocation(0);
    assert_int_equal(map(5, 7), TDP_OK);
    assert_int_equal(cache.count, TDP_CACHE - tables);
    assert_int_equal(map(6, 8), TDP_OK);
    assert_int_equal(cache.count, TDP_CACHE);
    assert_int_equal(count().tables, 1 + tables);
}

static void map_without_a_lock(const struct tdp_map *m, struct tdp_cache *c)
{
    expect_assert_failure((void)!tdp_map(&t, root, m, c));
    rig_drop_locks();
}

static void map_is_refused(const struct tdp_map *m, struct tdp_cache *c)
{
    read_lock(&t.lock);
    map_without_a_lock(m, c);
}

static void misuse_is_our_bug(void **state)
{
    struct tdp_cache empty = {0};

    (void)state;
    map(5, 7);
    map_without_a_lock(&(struct tdp_map){.gfn = {6}, .pfn = {8}}, &cache);
    map_is_refused(&(struct tdp_map){.gfn = {512}, .pfn = {8}}, &empty);
    map_is_refused(&(struct tdp_map){.gfn = {5}, .pfn = {8}}, &cache);                   /* B6-8 */
    map_is_refused(&(struct tdp_map){.gfn = {512}, .pfn = {8}, .level = 1}, &cache);     /* C9: not aligned */
    map_is_refused(&(struct tdp_map){.gfn = {FULL}, .pfn = {512}, .level = 2}, &cache);  /* C9 */
    map_is_refused(&(struct tdp_map){.gfn = {FULL}, .pfn = {FULL}, .level = 3}, &cache); /* no such leaf */
    assert_int_equal(count().leaves[0], 1);
    assert_int_equal(leaf(5).pfn.v, 7);
}

int main(void)
{
    static const struct rig_test tests[] = {
        RIG_TEST(map_and_look_up),
        RIG_TEST(the_last_gfn_and_the_one_behind),
        RIG_TEST(wide_frames),
        RIG_TEST(huge_leaves),
        RIG_TEST(report),
        RIG_TEST(smaller_leaves_stay),
        RIG_TEST(new_entries_are_accessed),
        RIG_TEST(spurious),
        RIG_TEST(write_is_given_by_a_fault),
        RIG_TEST(the_log_by_write_protection),
        RIG_TEST(no_huge_writes_while_logging),
        RIG_TEST(frozen_entries),
        RIG_TEST(every_allocation_fails_once),
        RIG_TEST(misuse_is_our_bug),
    };

    return rig_run(tests, ARRAY_SIZE(tests));
}
