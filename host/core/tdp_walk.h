/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_walk.h: the bodies of all TDP operations, compiled once for each entry format.
 *
 * The including file defines `static const struct tdp_fmt fmt` and TDP_OPS, the name of its operations.
 *
 *     root      level 3   [ 47:39 ] -> table
 *               level 2   [ 38:30 ] -> table
 *               level 1   [ 29:21 ] -> table
 *               level 0   [ 20:12 ] -> leaf: a 4 KiB frame
 */
#include "tdp.h"
#include "exit.h"
#include "port.h"

static always_inline u64 *tdp_table(u64 entry)
{
    return port_map((hpa_t){entry & fmt.address});
}

static always_inline unsigned tdp_index(gfn_t gfn, unsigned level)
{
    return (gfn.v >> (level * TDP_INDEX_BITS)) & (TDP_ENTRIES - 1);
}

static always_inline bool tdp_present(u64 entry)
{
    return entry & fmt.present;
}

/* How many gfns one entry at `level` spans. */
static always_inline u64 tdp_span(unsigned level)
{
    return 1ull << (level * TDP_INDEX_BITS);
}

/*
 * The funnel (habit of the field): every change of a leaf or table entry passes here and must be a legal transition of
 * SPEC C2. Present leaves never change their frame (C2-1), tables only vanish.
 */
static always_inline void tdp_check_change(u64 old, u64 new, unsigned level)
{
    if (tdp_present(old) && tdp_present(new))
        check(level == 0 && !((old ^ new) & fmt.address), "C2-1: a leaf keeps its frame until it is zapped");
    if (!tdp_present(old) && !tdp_present(new))
        check(new == fmt.frozen || old == fmt.frozen, "C2-2: absent to absent only by the freezer");
}

/* The entry of gfn at level 0, or NULL where a table is missing. In an epoch section or under the lock. */
static always_inline u64 *tdp_find(struct tdp *t, gfn_t gfn)
{
    u64 *table = port_map(t->root);

    for (unsigned level = fmt.levels - 1; level > 0; level--) {
        u64 entry = at_load_acq(&table[tdp_index(gfn, level)]);

        if (!tdp_present(entry))
            return NULL;
        table = tdp_table(entry);
    }
    return &table[tdp_index(gfn, 0)];
}

/* Link a fresh table at *slot; on a lost race the page stays in the cache. False: the cache is empty. */
static always_inline bool tdp_link(u64 *slot, u64 *entry, unsigned level, struct tdp_cache *c)
{
    u64 seen = fmt.none, want;
    hpa_t page;
    u64 *table;

    check(c->count, "C4-5: table pages are topped up before the lock");
    page = c->page[c->count - 1];
    table = port_map(page);
    for (unsigned i = 0; i < TDP_ENTRIES; i++)
        table[i] = fmt.none;
    want = page.v | fmt.table;
    tdp_check_change(seen, want, level);
    if (!at_cas(slot, &seen, want)) { /* a release: the entries are seen before the link (C1-11) */
        *entry = seen;
        return tdp_present(seen);
    }
    c->count--;
    *entry = want;
    return true;
}

static enum tdp_result map(struct tdp *t, gfn_t gfn, pfn_t pfn, bool writable, struct tdp_cache *c)
{
    u64 *table = port_map(t->root);
    u64 want = pfn_hpa(pfn).v | fmt.leaf | fmt.accessed | (writable ? fmt.writable : 0);
    u64 seen;
    u64 *slot;

    check(read_held(&t->lock), "B4-5: installs hold the mapping lock");
    for (unsigned level = fmt.levels - 1; level > 0; level--) {
        u64 *link = &table[tdp_index(gfn, level)];
        u64 entry = at_load_acq(link);

        if (!tdp_present(entry) && (entry == fmt.frozen || !tdp_link(link, &entry, level, c)))
            return TDP_RETRY; /* somebody is removing it (C2-5) */
        table = tdp_table(entry);
    }
    slot = &table[tdp_index(gfn, 0)];
    seen = at_load(slot);
    if (seen == fmt.frozen)
        return TDP_RETRY;
    tdp_check_change(seen, want, 0);
    if (tdp_present(seen))
        return TDP_SPURIOUS;
    return at_cas(slot, &seen, want) ? TDP_OK : TDP_RETRY;
}

static enum tdp_result fix(struct tdp *t, gfn_t gfn, u32 access)
{
    enum tdp_result r = TDP_NONE;
    u64 *slot;

    epoch_enter(t->epoch, port_cpu());
    slot = tdp_find(t, gfn);
    if (slot) {
        u64 entry = at_load(slot);

        if (tdp_present(entry) && (!(access & ACCESS_WRITE) || (entry & fmt.writable)))
            r = TDP_SPURIOUS;
    }
    epoch_exit(t->epoch, port_cpu());
    return r;
}

static bool age(struct tdp *t, gfn_t gfn)
{
    bool young = false;
    u64 *slot;

    epoch_enter(t->epoch, port_cpu());
    slot = tdp_find(t, gfn);
    if (slot && (at_load(slot) & fmt.accessed))
        young = at_and(slot, ~fmt.accessed) & fmt.accessed;
    epoch_exit(t->epoch, port_cpu());
    return young;
}

/* Exchange, not store: hardware may set the dirty bit until the flush, and it must not be lost (C3-3). */
static always_inline void tdp_zap_leaf(u64 *slot, gfn_t gfn, struct tdp_dirty *d, struct tdp_zap *z)
{
    u64 old = at_load(slot);

    if (!tdp_present(old))
        return;
    old = at_xchg(slot, fmt.none);
    tdp_check_change(old, fmt.none, 0);
    z->flush = true;
    if (old & fmt.dirty)
        d->mark(d->ctx, gfn);
}

/* Everything of a table's subtree inside [start, end). Bounded by the levels: recursion depth is at most fmt.levels. */
static void zap_table(u64 *table, unsigned level, gfn_t base, u64 start, u64 end, struct tdp_dirty *d,
                      struct tdp_zap *z)
{
    u64 span = tdp_span(level);
    u64 first = MAX(start, base.v), last = MIN(end, base.v + span * TDP_ENTRIES);

    for (u64 g = first; g < last && !z->more; g = (g / span + 1) * span) {
        u64 *slot = &table[tdp_index((gfn_t){g}, level)];
        u64 entry = at_load(slot), here = g / span * span;

        if (!tdp_present(entry))
            continue;
        if (level == 0) {
            tdp_zap_leaf(slot, (gfn_t){g}, d, z);
            continue;
        }
        zap_table(tdp_table(entry), level - 1, (gfn_t){here}, start, end, d, z);
        if (z->more || start > here || end < here + span)
            continue;
        if (z->tables == TDP_ZAP_TABLES) {
            z->more = true;
            return;
        }
        tdp_check_change(entry, fmt.none, level);
        at_store(slot, fmt.none);
        z->table[z->tables++] = (hpa_t){entry & fmt.address};
        z->flush = true;
    }
}

static void zap(struct tdp *t, gfn_t start, gfn_t end, struct tdp_dirty *d, struct tdp_zap *z)
{
    check(write_held(&t->lock), "C3-1: zapping holds the mapping lock for write");
    z->more = false;
    zap_table(port_map(t->root), fmt.levels - 1, (gfn_t){0}, start.v, end.v, d, z);
}

static enum tdp_result lookup(struct tdp *t, gfn_t gfn, pfn_t *pfn, bool *writable)
{
    enum tdp_result r = TDP_NONE;
    u64 *slot;

    epoch_enter(t->epoch, port_cpu());
    slot = tdp_find(t, gfn);
    if (slot && tdp_present(at_load(slot))) {
        *pfn = hpa_pfn((hpa_t){at_load(slot) & fmt.address});
        *writable = at_load(slot) & fmt.writable;
        r = TDP_OK;
    }
    epoch_exit(t->epoch, port_cpu());
    return r;
}

static void free_tables(hpa_t at, unsigned level)
{
    u64 *table = port_map(at);

    for (unsigned i = 0; level > 0 && i < TDP_ENTRIES; i++)
        if (tdp_present(table[i]))
            free_tables((hpa_t){table[i] & fmt.address}, level - 1);
    port_frame_free(at);
}

static void destroy(struct tdp *t)
{
    free_tables(t->root, fmt.levels - 1);
}

const struct tdp_ops TDP_OPS = {
    .map = map,
    .fix = fix,
    .age = age,
    .zap = zap,
    .lookup = lookup,
    .destroy = destroy,
    .none = fmt.none,
    .gfn_limit = 1ull << (4 * TDP_INDEX_BITS),
};
