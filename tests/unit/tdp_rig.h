/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_rig.h: a tree without a VM, in any of the formats, and what its tests do to it in few words.
 *
 * Include it once in a test program: it defines what the tree wants from its VM. Each test runs once for each format.
 */
#pragma once
#include "tdp_hw.h"
#include <stdio.h>
#include <string.h>
#include "fake/machine.h"
#include "flush.h"

#define FULL      ((u64)1 << 18) /* gfns of 1 GiB */
#define ACCESS_RW (ACCESS_READ | ACCESS_WRITE)

static const struct hw *hw; /* the format under test */
static struct epoch epoch;
static struct tdp t;
static struct tdp_root *root;
static struct tdp_cache cache;
static struct tdp_gather gather;

/* What the tree has told and asked. */
#define RIG_TOLD (1u << 19)
static struct {
    u64 start, pages;
} rig_told[RIG_TOLD];
static struct {
    unsigned tolds;
    unsigned flushes, root_flushes;
    void (*flushed)(void); /* called by each flush */
} rig;

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    assert_ptr_equal(vm, &rig);
    assert_true(rig.tolds < RIG_TOLD);
    rig_told[rig.tolds].start = start.v;
    rig_told[rig.tolds++].pages = pages;
}

void flush_all(struct vm *vm)
{
    assert_ptr_equal(vm, &rig);
    rig.flushes++;
    if (rig.flushed)
        rig.flushed();
}

void flush_roots(struct vm *vm)
{
    rig.root_flushes++;
    flush_all(vm);
}

/* How often this gfn was told dirty since the last rig_forget(). */
static inline unsigned told(u64 gfn)
{
    unsigned n = 0;

    for (unsigned i = 0; i < rig.tolds; i++)
        n += gfn - rig_told[i].start < rig_told[i].pages;
    return n;
}

static inline void forget(void)
{
    rig.tolds = rig.flushes = rig.root_flushes = 0;
}

static inline int rig_setup(void **state)
{
    fake_setup(NULL);
    fake.cpus = 4;
    hw = *state;
    memset(&rig, 0, sizeof(rig));
    cache = (struct tdp_cache){0};
    gather = (struct tdp_gather){0};
    epoch_init(&epoch);
    tdp_init(&t, (struct vm *)&rig, hw->ops, &epoch);
    root = tdp_root_get(&t, 0);
    return root ? 0 : -1;
}

/* After a check() that failed, as was expected or not. */
static inline void rig_drop_locks(void)
{
    t.lock = (struct rwlock){0};
    t.roots_lock = t.nx.lock = epoch.lock = (struct spinlock){0};
    for (unsigned i = 0; i < CPU_MAX; i++)
        epoch.cpu[i].active = EPOCH_IDLE;
}

/* All that was allocated must be back. */
static inline int rig_teardown(void **state)
{
    (void)state;
    rig_drop_locks();
    tdp_cache_drain(&cache);
    tdp_zap_all(&t);
    if (root)
        tdp_root_put(&t, root);
    tdp_destroy(&t);
    return fake_teardown(NULL);
}

/* ---- Operations, each under the lock that it wants; what is owed stays in `gather` until commit() ---- */

static inline enum tdp_result map_as(u64 gfn, u64 pfn, unsigned level, u32 access)
{
    const struct tdp_map m = {.gfn = {gfn}, .pfn = {pfn}, .level = level, .access = access};
    enum tdp_result r;

    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    r = tdp_map(&t, root, &m, &cache);
    read_unlock(&t.lock);
    return r;
}

static inline enum tdp_result map(u64 gfn, u64 pfn)
{
    return map_as(gfn, pfn, 0, ACCESS_READ);
}

static inline enum tdp_result fix(u64 gfn, u32 access)
{
    return tdp_fix(&t, root, (gfn_t){gfn}, access);
}

static inline void commit(void)
{
    write_lock(&t.lock);
    tdp_commit(&t, &gather);
    write_unlock(&t.lock);
    (void)epoch_collect(&epoch);
}

static inline void zap_by(u64 start, u64 end, struct tdp_cache *c)
{
    write_lock(&t.lock);
    tdp_zap(&t, (gfn_t){start}, (gfn_t){end}, c, &gather);
    write_unlock(&t.lock);
}

static inline void zap(u64 start, u64 end)
{
    zap_by(start, end, NULL);
    commit();
}

static inline bool split(u64 start, u64 end, unsigned to)
{
    bool enough;

    assert_true(tdp_cache_fill(&cache));
    read_lock(&t.lock);
    enough = tdp_split(&t, (gfn_t){start}, (gfn_t){end}, to, &cache);
    read_unlock(&t.lock);
    return enough;
}

static inline unsigned collapse(u64 gfn, unsigned level, u64 base)
{
    unsigned done;

    write_lock(&t.lock);
    done = tdp_collapse(&t, (gfn_t){gfn}, level, (pfn_t){base}, &gather);
    write_unlock(&t.lock);
    return done;
}

static inline void write_protect(u64 start, u64 end)
{
    read_lock(&t.lock);
    tdp_write_protect(&t, (gfn_t){start}, (gfn_t){end}, &gather);
    read_unlock(&t.lock);
}

static inline void harvest(u64 start, u64 end)
{
    read_lock(&t.lock);
    tdp_harvest(&t, (gfn_t){start}, (gfn_t){end}, &gather);
    read_unlock(&t.lock);
}

/* Is the one page young? */
static inline bool age(u64 gfn, bool clear)
{
    u64 young = 0;

    tdp_age(&t, (gfn_t){gfn}, (gfn_t){gfn + 1}, &young, clear);
    assert_int_equal(young & ~1ull, 0);
    return young;
}

/* Tear all roots down; the test gives back this reference, and root becomes a fresh one. */
static inline void rig_retire(struct tdp_root *r)
{
    tdp_zap_all(&t);
    tdp_root_put(&t, r);
    tdp_root_put(&t, root);
    root = tdp_root_get(&t, 0);
    assert_non_null(root);
}

/* ---- Looking ---- */

static inline struct tdp_leaf leaf(u64 gfn)
{
    struct tdp_leaf l = {.pfn = {~0ull}};

    assert_int_equal(tdp_lookup(&t, root, (gfn_t){gfn}, &l), TDP_OK);
    return l;
}

static inline bool absent(u64 gfn)
{
    struct tdp_leaf l;

    return tdp_lookup(&t, root, (gfn_t){gfn}, &l) == TDP_NONE;
}

/* The guest's access through hardware: the frame, or 0 for a fault. */
static inline u64 touch(u64 gfn, u32 access)
{
    u64 pfn;

    return hw_access(hw, root->table, gfn, access, &pfn) ? pfn : 0;
}

static inline u64 *entry(u64 gfn, unsigned level)
{
    return hw_entry(hw, root->table, gfn, level);
}

/* No rule of SPEC C is broken; what the tree consists of. */
static inline struct tdp_count count(void)
{
    struct tdp_count n;
    const char *broken;

    write_lock(&t.lock);
    broken = tdp_check(&t, &n);
    write_unlock(&t.lock);
    if (broken)
        fail_msg("%s", broken);
    return n;
}

static inline u64 gfn_limit(void)
{
    return tdp_gfn_limit(&t);
}

/* ---- Each test in each format ---- */

struct rig_test {
    const char *name;
    void (*run)(void **state);
};
#define RIG_TEST(f) \
    {               \
#f, f       \
    }
#define RIG_TESTS 32

static inline int rig_run_in(int (*setup)(void **state), int (*teardown)(void **state),
                             const struct rig_test *test, size_t tests)
{
    static struct CMUnitTest all[RIG_TESTS * ARRAY_SIZE(hw_formats)];
    static char name[RIG_TESTS * ARRAY_SIZE(hw_formats)][64];
    size_t n = 0;

    if (tests > RIG_TESTS)
        return 1;
    for (size_t f = 0; f < ARRAY_SIZE(hw_formats); f++)
        for (size_t i = 0; i < tests; i++, n++) {
            snprintf(name[n], sizeof(name[n]), "%s: %s", hw_formats[f].name, test[i].name);
            all[n] = (struct CMUnitTest){.name = name[n],
                                         .test_func = test[i].run,
                                         .setup_func = setup,
                                         .teardown_func = teardown,
                                         .initial_state = (void *)&hw_formats[f]};
        }
    return _cmocka_run_group_tests("tdp", all, n, NULL, NULL);
}

static inline int rig_run(const struct rig_test *test, size_t tests)
{
    return rig_run_in(rig_setup, rig_teardown, test, tests);
}
