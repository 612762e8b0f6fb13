/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp.h: two-dimensional paging tables: gfn to pfn, walked by hardware while we change them (SPEC C).
 *
 * The tree does not know what its pages mean; faults and the invalidation bracket (inv.h) decide. A VM has one struct
 * tdp and a root per role; leaves are 4 KiB, 2 MiB or 1 GiB (levels 0, 1, 2).
 *
 * Lock rules (C3-1): `lock` is held for read to map, split, write-protect, harvest and recover, each by
 * compare-exchange; for write to zap and collapse. Aging and permission fixes need no lock, but tdp_fix() takes it for
 * read where it grants writes that no hardware will note. Every walk runs in an epoch section of its own, so that none
 * meets a freed table; callers are outside one.
 *
 * What a change leaves to do, flushing TLBs and then freeing tables, is one obligation (C10-10), a struct tdp_gather.
 * Nothing here yields, drops a lock or leaves an epoch section with a flush owed, unless the gather is handed back to
 * the caller, who passes it to tdp_commit() before dropping the lock.
 */
#pragma once
#include "lib/lock.h"
#include "rwlock.h"
#include "epoch.h"
#include "nx.h"

struct vm;
struct tdp_ops;

enum tdp_result {
    TDP_OK,       /* changed as asked */
    TDP_SPURIOUS, /* the entry already allows the access */
    TDP_RETRY,    /* lost a race, or the root is invalid; fault again */
    TDP_NONE,     /* nothing there that could be changed as asked */
};

#ifndef TDP_ROOTS    /* tests/mc has fewer */
#define TDP_ROOTS 32 /* a vCPU holds one at most, whoever tears down holds those of one generation */
#endif

/* One top table (C1-1). `refs` 0: this place is free. By atomics; see tdp_root.c. */
struct tdp_root {
    hpa_t table;
    u32 role; /* roots of equal role show the same memory (C1-4) */
    u32 refs; /* vCPUs that have it loaded, and the VM until it is invalidated */
    bool invalid;
    bool scheduled; /* invalid, and not zapped yet by the one who made it so */
};

/* How writes are noticed for the dirty log (C8-1). */
enum tdp_log {
    TDP_LOG_OFF,
    TDP_LOG_WRITE_PROTECT,
    TDP_LOG_DIRTY_BIT, /* entries are looked over for those */
    TDP_LOG_HARDWARE,  /* hardware keeps a list of the entries whose dirty bit it has set (hw.h) */
};

struct tdp {
    const struct tdp_ops *ops;
    struct vm *vm;
    struct epoch *epoch;
    struct rwlock lock; /* the mapping lock */
    struct spinlock roots_lock;
    struct tdp_root root[TDP_ROOTS];
    struct nx nx;     /* huge leaves that stand back for instruction fetches */
    enum tdp_log log; /* written with the lock held for write */
    u64 tables;       /* table pages linked, roots included; by atomics */
    u64 flushes;      /* by tdp_commit() and the walks; by atomics */
};

/* Table pages for one walk, obtained before any lock is taken (C4-5). */
#define TDP_CACHE 4
struct tdp_cache {
    unsigned count;
    hpa_t page[TDP_CACHE];
};
bool tdp_cache_fill(struct tdp_cache *c) must_check;
void tdp_cache_drain(struct tdp_cache *c);

/* What is owed: first the flush, then the tables go to the epoch. Starts as {0}. */
#define TDP_GATHER_TABLES 64
struct tdp_gather {
    bool flush;
    unsigned tables;
    hpa_t table[TDP_GATHER_TABLES];
};

/* Flush if a flush is owed, retire the tables. With the lock that the change was made under, in no epoch section. */
void tdp_commit(struct tdp *t, struct tdp_gather *g);

/* What a fault wants mapped. The frames of a huge leaf are contiguous and aligned, `pfn` is gfn's own. */
struct tdp_map {
    gfn_t gfn;
    pfn_t pfn;
    unsigned level;    /* of the leaf to install; where a table is, smaller ones are (C10-2) */
    unsigned nx_level; /* above `level`: the level it would have had, were it not for a fetch (C10-1) */
    u32 access;        /* ACCESS_* that must work afterwards */
    bool read_only;    /* the leaf never allows a write; only with level 0 */
};

/* An empty tree without a root. */
void tdp_init(struct tdp *t, struct vm *vm, const struct tdp_ops *ops, struct epoch *e);
/* Free everything. No vCPU runs any more and all have put their roots. */
void tdp_destroy(struct tdp *t);

/*
 * The valid root of this role, made if there is none; with a reference. NULL: no memory. No locks held.
 * tdp_root_put(): a root's last reference may only go once it is invalid (C1-6).
 */
struct tdp_root *tdp_root_get(struct tdp *t, u32 role) must_check;
void tdp_root_put(struct tdp *t, struct tdp_root *r);

/*
 * Remove everything from all roots, by making them invalid and zapping them afterwards, in slices between which faults
 * in fresh roots go on (C7). On return no entry of the roots there were is left. No locks held.
 */
void tdp_zap_all(struct tdp *t);

/* Install a leaf in `r` with A set. Lock held for read, cache filled, m checked by inv_retry() in the same section. */
enum tdp_result tdp_map(struct tdp *t, struct tdp_root *r, const struct tdp_map *m,
                        struct tdp_cache *c) must_check;

/* Let the present entry allow `access`, if that takes no more than permissions it may have (C4-6). No lock held. */
enum tdp_result tdp_fix(struct tdp *t, struct tdp_root *r, gfn_t gfn, u32 access) must_check;

/*
 * Remove all leaves of [start, end) from all roots, the invalid ones too (B2-4), and the tables that lie entirely in
 * it.
 * A huge leaf that lies in it only in part is split with pages of c; without any left (or c NULL) it goes as a whole
 * (C9-5). Lock held for write. The caller commits g before it drops the lock.
 */
void tdp_zap(struct tdp *t, gfn_t start, gfn_t end, struct tdp_cache *c, struct tdp_gather *g);
/* The same for long ranges: takes the lock itself, flushes, and lets others have the lock in between (C6). */
void tdp_zap_slowly(struct tdp *t, gfn_t start, gfn_t end);

/*
 * Zap, oldest first, up to `max` of the tables that stand back for instruction fetches, and nothing else (C10-5): each
 * through its parent entry. Takes the lock for read itself. Returns how many were taken off the list: none while the
 * dirty log is kept, for what hardware notes in a leaf until the flush would come too late for it.
 */
unsigned tdp_recover(struct tdp *t, unsigned max);

/* Replace huge leaves of [start, end) by tables of leaves of level `to`. Lock held for read. False: pages ran out. */
bool tdp_split(struct tdp *t, gfn_t start, gfn_t end, unsigned to, struct tdp_cache *c) must_check;

/*
 * In all valid roots, replace the table over the block of `level` that begins at gfn by one leaf, if what is mapped
 * there lies in contiguous frames from `base`, as the owner knows all of the block to: freeze, flush, clear. Not tables
 * that stand back for fetches. Lock held for write. How many roots; what is owed is in g.
 */
unsigned tdp_collapse(struct tdp *t, gfn_t gfn, unsigned level, pfn_t base, struct tdp_gather *g);

/* Take write permission from all leaves of [start, end); those that were dirty are told. Lock held for read. */
void tdp_write_protect(struct tdp *t, gfn_t start, gfn_t end, struct tdp_gather *g);
/* Clear the dirty bits of [start, end); those that were set are told. Lock held for read. */
void tdp_harvest(struct tdp *t, gfn_t start, gfn_t end, struct tdp_gather *g);
/* Does hardware set dirty bits in this format? And how many gfns does a root reach? */
bool tdp_has_dirty(const struct tdp *t);
u64 tdp_gfn_limit(const struct tdp *t);

/*
 * Which pages of [start, end) were accessed since their bit was last cleared: bit i of `young` is start + i; the bits
 * are only ever set. With `clear` the accessed bits are cleared. Valid roots only; no lock, no flush: a lost access
 * costs a wrong guess, nothing else (C11-3). A huge leaf answers for all its pages (C11-2).
 */
void tdp_age(struct tdp *t, gfn_t start, gfn_t end, u64 *young, bool clear);
static inline bool tdp_young_bit(const u64 *young, u64 i)
{
    return young[i / 64] >> (i % 64) & 1;
}

/* For reports and tests: the leaf that maps gfn in r. */
struct tdp_leaf {
    pfn_t pfn; /* of gfn itself */
    unsigned level;
    bool write, exec, accessed, dirty;
};
enum tdp_result tdp_lookup(struct tdp *t, struct tdp_root *r, gfn_t gfn, struct tdp_leaf *out);
/* Print the entries that hardware meets in r on its way to gfn, in words of con_host(). */
void tdp_report(struct tdp *t, struct tdp_root *r, gfn_t gfn);
/* What a tree consists of, and the first rule of SPEC C that one of its entries breaks, or NULL. Lock held for write */
struct tdp_count {
    u64 tables, nx_split; /* below the roots */
    u64 leaves[3];
};
const char *tdp_check(struct tdp *t, struct tdp_count *out);

/*
 * Told by the tree: these gfns were, or may from now on be, written by the guest. Once for each dirty bit found or
 * write permission given (C3-6, C8-5). Implemented by the owner of the pages (pager_dirty.c); may be called under the
 * mapping lock and in an epoch section.
 */
void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages);

/* One entry format compiled into the bodies; called through the functions above. */
struct tdp_ops {
    enum tdp_result (*map)(struct tdp *, struct tdp_root *, const struct tdp_map *, struct tdp_cache *);
    enum tdp_result (*fix)(struct tdp *, struct tdp_root *, gfn_t, u32 access);
    /* level 0: leaves of all sizes; above: empty tables that entries of this level point to. Stops after a while or
     * when g is full; returns the gfn to go on at. */
    gfn_t (*zap)(struct tdp *, struct tdp_root *, unsigned level, gfn_t start, gfn_t end, struct tdp_cache *,
                 struct tdp_gather *);
    void (*recover)(struct tdp *, const struct nx_table *, struct tdp_gather *);
    bool (*split)(struct tdp *, struct tdp_root *, gfn_t start, gfn_t end, unsigned to, struct tdp_cache *);
    bool (*collapse)(struct tdp *, struct tdp_root *, gfn_t, unsigned level, pfn_t base, struct tdp_gather *);
    void (*write_protect)(struct tdp *, struct tdp_root *, gfn_t start, gfn_t end, struct tdp_gather *);
    void (*harvest)(struct tdp *, struct tdp_root *, gfn_t start, gfn_t end, struct tdp_gather *);
    void (*age)(struct tdp *, struct tdp_root *, gfn_t start, gfn_t end, u64 *young, bool clear);
    enum tdp_result (*lookup)(struct tdp *, struct tdp_root *, gfn_t, struct tdp_leaf *);
    const char *(*inspect)(struct tdp *, struct tdp_root *, struct tdp_count *);
    /* The entries on the way to gfn, the root's first; how many. */
    unsigned (*path)(struct tdp *, struct tdp_root *, gfn_t, u64 *entry);
    u64 none; /* what a fresh table is filled with */
    unsigned levels;
    u64 dirty; /* the bit that hardware sets, 0 if it has none */
};
extern const struct tdp_ops tdp_npt;      /* AMD-V */
extern const struct tdp_ops tdp_ept;      /* VMX with accessed and dirty flags */
extern const struct tdp_ops tdp_ept_noad; /* VMX without (C12) */
extern const struct tdp_ops tdp_s2;       /* arm64 stage 2 with hardware update of AF and dirty state */
extern const struct tdp_ops tdp_s2_soft;  /* arm64 stage 2 without (O-1) */
extern const struct tdp_ops tdp_toy;      /* no machine's: for what the others have in common by accident */
