/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx_rig.h: a tree of any format without a VM around it: two roots, frames that nobody owns, faults that arrive as
 * fault.c would send them.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fake/machine.h"
#include "hw.h"
#include "vm.h"

#define HUGE      512u      /* gfns of a huge leaf */
#define RIG_FRAME 0x800000u /* gfn 0 lies here, and so on */

static struct {
    struct vm vm;
    struct epoch epoch;
    struct tdp *t;
    struct tdp_root *root[2]; /* of roles 0 and 1 */
} rig;

static const struct tdp_ops *const rig_formats[] = {&tdp_npt, &tdp_ept,     &tdp_ept_noad,
                                                    &tdp_s2,  &tdp_s2_soft, &tdp_toy};

static void rig_make(const struct tdp_ops *ops)
{
    fake_setup(NULL);
    memset(&rig.vm, 0, sizeof(rig.vm));
    epoch_init(&rig.epoch);
    rig.t = &rig.vm.tdp;
    tdp_init(rig.t, &rig.vm, ops, &rig.epoch);
    for (unsigned i = 0; i < ARRAY_SIZE(rig.root); i++) {
        rig.root[i] = tdp_root_get(rig.t, i);
        assert_non_null(rig.root[i]);
    }
}

/* Is all as it should be? Returns what there is. */
static inline struct tdp_count rig_check(void)
{
    struct tdp_count n;
    const char *broken;

    write_lock(&rig.t->lock);
    broken = tdp_check(rig.t, &n);
    write_unlock(&rig.t->lock);
    if (broken)
        fail_msg("%s", broken);
    return n;
}

static int rig_end(void **state)
{
    fake_cpu = 0;
    rig.t->lock = (struct rwlock){0}; /* a test that failed may have kept this … */
    for (unsigned i = 0; i < CPU_MAX; i++)
        rig.epoch.cpu[i].active = EPOCH_IDLE; /* … or that */
    rig_check();
    for (unsigned i = 0; i < ARRAY_SIZE(rig.root); i++)
        tdp_root_put(rig.t, rig.root[i]);
    tdp_destroy(rig.t);
    return fake_teardown(state);
}

static inline enum tdp_result rig_try(struct tdp_root *r, const struct tdp_map *m)
{
    struct tdp_cache c = {0};
    enum tdp_result result;

    assert_true(tdp_cache_fill(&c));
    read_lock(&rig.t->lock);
    result = tdp_map(rig.t, r, m, &c);
    read_unlock(&rig.t->lock);
    tdp_cache_drain(&c);
    return result;
}

static inline void rig_map(struct tdp_root *r, const struct tdp_map *m)
{
    enum tdp_result result = rig_try(r, m);

    assert_true(result == TDP_OK || result == TDP_SPURIOUS); /* a split makes executable what was not */
}

/* One fault. Huge, where it may be; small because of the mitigation only for a fetch (C10-1). */
static inline void rig_fault(struct tdp_root *r, u64 gfn, u32 access)
{
    bool small = (access & ACCESS_EXEC) && at_load(&rig.t->nx.on);

    rig_map(r, &(struct tdp_map){.gfn = {gfn},
                                 .pfn = {RIG_FRAME + gfn},
                                 .level = small ? 0 : 1,
                                 .nx_level = small,
                                 .access = access});
}

/* The leaf that maps gfn; level 9: none. */
static inline struct tdp_leaf rig_leaf(struct tdp_root *r, u64 gfn)
{
    struct tdp_leaf leaf = {.level = 9};

    if (tdp_lookup(rig.t, r, (gfn_t){gfn}, &leaf) != TDP_OK)
        leaf.level = 9;
    return leaf;
}

/* Block `i` is split by a fetch from its first page. */
static inline void rig_split(struct tdp_root *r, u64 i)
{
    rig_fault(r, i * HUGE, ACCESS_EXEC);
    assert_int_equal(rig_leaf(r, i * HUGE).level, 0);
}

static inline bool rig_is_split(struct tdp_root *r, u64 i)
{
    return rig_leaf(r, i * HUGE).level == 0;
}
