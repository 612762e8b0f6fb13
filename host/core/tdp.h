/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp.h: two-dimensional paging tables: gfn to pfn, walked by hardware while we change them (SPEC C).
 *
 * The tree does not know what its pages mean; faults and the invalidation bracket (inv.h) decide. Lock rules are those
 * of C3: `lock` held for read to install, for write to zap; aging and permission fixes take no lock but an epoch
 * section.
 */
#pragma once
#include "lib/lock.h"
#include "epoch.h"

struct tdp_ops;

struct tdp {
    const struct tdp_ops *ops;
    struct rwlock lock; /* the mapping lock */
    struct epoch *epoch;
    hpa_t root;
};

enum tdp_result {
    TDP_OK,
    TDP_SPURIOUS, /* the entry already allows the access */
    TDP_RETRY,    /* lost a race; fault again */
    TDP_NONE,     /* nothing is mapped there */
};

/* Table pages for one walk, obtained before any lock is taken (C4-5). Owned by the vCPU. */
#define TDP_CACHE 4
struct tdp_cache {
    unsigned count;
    hpa_t page[TDP_CACHE];
};
bool tdp_cache_fill(struct tdp_cache *c) must_check;
void tdp_cache_drain(struct tdp_cache *c);

/* What a zap leaves its caller to do, in this order: flush every TLB if `flush`, then tdp_zap_finish() (C10-10). */
#define TDP_ZAP_TABLES 64
struct tdp_zap {
    bool flush;
    bool more; /* the range is not finished: its tables did not fit; finish this, then call again */
    unsigned tables;
    hpa_t table[TDP_ZAP_TABLES];
};

/* Told once for each leaf whose removal or replacement found the dirty bit set (C3-6). Under the mapping lock. */
struct tdp_dirty {
    void (*mark)(void *ctx, gfn_t gfn);
    void *ctx;
};

struct tdp_ops {
    enum tdp_result (*map)(struct tdp *t, gfn_t gfn, pfn_t pfn, bool writable, struct tdp_cache *c);
    enum tdp_result (*fix)(struct tdp *t, gfn_t gfn, u32 access);
    bool (*age)(struct tdp *t, gfn_t gfn);
    void (*zap)(struct tdp *t, gfn_t start, gfn_t end, struct tdp_dirty *d, struct tdp_zap *z);
    enum tdp_result (*lookup)(struct tdp *t, gfn_t gfn, pfn_t *pfn, bool *writable);
    void (*destroy)(struct tdp *t);
    u64 none;      /* what a fresh table is filled with */
    u64 gfn_limit; /* gfns the root can reach */
};
extern const struct tdp_ops tdp_npt;

/* An empty tree. False: no memory for the root. */
bool tdp_init(struct tdp *t, const struct tdp_ops *ops, struct epoch *e) must_check;

/* Install gfn -> pfn with A set. Lock held for read, cache filled, gfn checked by inv_retry() in the same section. */
static inline enum tdp_result must_check tdp_map(struct tdp *t, gfn_t g, pfn_t p, bool w, struct tdp_cache *c)
{
    return t->ops->map(t, g, p, w, c);
}

/* Does the present entry already allow `access`? TDP_SPURIOUS or TDP_NONE. No lock. */
static inline enum tdp_result must_check tdp_fix(struct tdp *t, gfn_t g, u32 access)
{
    return t->ops->fix(t, g, access);
}

/* Test and clear Accessed. No lock, no flush: a lost access costs a wrong guess, nothing else (C11-3). */
static inline bool tdp_age(struct tdp *t, gfn_t g)
{
    return t->ops->age(t, g);
}

/* Remove all leaves of [start, end) and the tables that lie entirely in it. Lock held for write. */
static inline void tdp_zap(struct tdp *t, gfn_t start, gfn_t end, struct tdp_dirty *d, struct tdp_zap *z)
{
    t->ops->zap(t, start, end, d, z);
}

/* After the flush: hand the unlinked tables to the epoch. */
void tdp_zap_finish(struct tdp *t, struct tdp_zap *z);

/* For reports and tests. */
static inline enum tdp_result tdp_lookup(struct tdp *t, gfn_t g, pfn_t *p, bool *w)
{
    return t->ops->lookup(t, g, p, w);
}

/* Free everything. No vCPU runs any more. */
static inline void tdp_destroy(struct tdp *t)
{
    t->ops->destroy(t);
}
