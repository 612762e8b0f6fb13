/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_zap.h: take mappings away: leaves, tables, one table in favour of a huge leaf, many leaves in favour of one. */

#define TDP_SLICE 4096 /* entries that one call visits at most */

/* Leaves of an invalid root are gone for its vCPUs already: each flushes when it loads another one (C6-22). */
static always_inline void tdp_owe_flush(const struct tdp_root *r, struct tdp_gather *g)
{
    if (!at_load(&r->invalid))
        g->flush = true;
}

/* Exchange, not store: hardware may set the dirty bit until the flush, and it must not be lost (C3-3). */
static always_inline void tdp_zap_leaf(struct tdp *t, struct tdp_root *r, struct tdp_iter *i,
                                       struct tdp_gather *g)
{
    u64 old = tdp_take(i->slot, fmt.none, i->level);

    if (tdp_is_dirty(old))
        tdp_dirtied(t->vm, (gfn_t){tdp_first(i->at, i->level)}, tdp_span(i->level));
    tdp_owe_flush(r, g);
    i->entry = fmt.none;
}

static bool tdp_is_empty(u64 entry)
{
    const u64 *table = tdp_table(entry);

    for (unsigned i = 0; i < TDP_ENTRIES; i++)
        if (at_load(&table[i]) != fmt.none)
            return false;
    return true;
}

static always_inline void tdp_zap_table(struct tdp *t, struct tdp_root *r, struct tdp_iter *i,
                                        struct tdp_gather *g)
{
    u64 old = tdp_take(i->slot, fmt.none, i->level);

    if (old & fmt.nx_split)
        nx_unlist(&t->nx, r, (gfn_t){i->at});
    tdp_unlinked(t, g, old);
    tdp_owe_flush(r, g);
    i->entry = fmt.none;
}

static gfn_t zap(struct tdp *t, struct tdp_root *r, unsigned level, gfn_t start, gfn_t end,
                 struct tdp_cache *c, struct tdp_gather *g)
{
    unsigned visited = 0;
    struct tdp_iter i;

    check(write_held(&t->lock) || (at_load(&r->invalid) && read_held(&t->lock)),
          "C3-1: zapping holds the mapping lock for write, or has an invalid root to itself");
    tdp_enter(t);
    tdp_for_each (&i, r, start, end, level) {
        if (visited++ == TDP_SLICE || g->tables == TDP_GATHER_TABLES)
            break;
        if (level == 0 && tdp_iter_leaf(&i)) {
            if (tdp_iter_whole(&i) || !tdp_split_here(t, r, &i, c))
                tdp_zap_leaf(t, r, &i, g);
        } else if (level > 0 && i.level == level && tdp_is_table(i.entry, level) && tdp_iter_whole(&i) &&
                   tdp_is_empty(i.entry)) {
            tdp_zap_table(t, r, &i, g);
        }
    }
    tdp_leave(t);
    return (gfn_t){i.at};
}

/* Exchange every entry of a table that others may still be changing, for good (C3-5). Its leaves are accounted here. */
static void tdp_freeze_leaves(struct tdp *t, u64 entry, gfn_t first)
{
    u64 *table = tdp_table(entry);

    for (unsigned i = 0; i < TDP_ENTRIES; i++) {
        u64 old = tdp_take(&table[i], fmt.frozen, 0);

        if (tdp_present(old) && tdp_is_dirty(old))
            tdp_dirtied(t->vm, (gfn_t){first.v + i}, 1);
    }
}

/*
 * In an epoch section of the caller's, who flushes before he leaves it. Nobody but us takes this table away: who holds
 * the lock for write would have found it on the list, and the zapper of an invalid root has tables of that root only.
 */
static void recover(struct tdp *t, const struct nx_table *n, struct tdp_gather *g)
{
    u64 *slot, entry;

    check(read_held(&t->lock) && !at_load(&n->root->invalid),
          "C10-6: what is listed stays while the lock is held");
    if (tdp_find(n->root, n->gfn, 1, &slot, &entry) != 1 || !tdp_is_table(entry, 1) ||
        !(entry & fmt.nx_split) || !tdp_try(slot, &entry, fmt.none, 1))
        return; /* C10-5: somebody else has replaced it */
    tdp_freeze_leaves(t, entry, n->gfn);
    tdp_unlinked(t, g, entry);
    g->flush = true;
}

/* Nothing but leaves of contiguous frames that one leaf can have? What is not mapped yet may be. */
static bool tdp_is_whole(u64 entry, unsigned level, pfn_t base)
{
    const u64 *table = tdp_table(entry);

    if (base.v & (tdp_span(level + 1) - 1))
        return false;
    for (unsigned i = 0; i < TDP_ENTRIES; i++) {
        u64 e = at_load(&table[i]);

        if (e != fmt.none &&
            (!tdp_present(e) || tdp_is_table(e, level) || tdp_pfn(e) != base.v + i * tdp_span(level)))
            return false;
    }
    return true;
}

/*
 * The leaf that takes the place of a table which hardware cannot reach any more; lock-free walkers are shut out entry
 * by entry. What is dirty is told now, page by page: one dirty bit for all would make all of them dirty.
 */
static u64 tdp_fold(struct tdp *t, u64 entry, gfn_t first, unsigned level, pfn_t base)
{
    u64 *table = tdp_table(entry), accessed = 0, huge;
    bool writable = true;

    for (unsigned i = 0; i < TDP_ENTRIES; i++) {
        u64 old = tdp_take(&table[i], fmt.frozen, level - 1);
        bool present = tdp_present(old);

        accessed |= present ? old & fmt.accessed : 0;
        writable &= fmt.dirty || (present && tdp_writable(old));
        if (present && tdp_is_dirty(old))
            tdp_dirtied(t->vm, (gfn_t){first.v + i * tdp_span(level - 1)}, tdp_span(level - 1));
    }
    huge = tdp_leaf(t, base.v, level, writable);
    return accessed ? huge : tdp_without_access(huge);
}

/* Freeze the parent: no walk begins; flush: none is under way; then build the leaf and clear (C6-24). */
static bool collapse(struct tdp *t, struct tdp_root *r, gfn_t gfn, unsigned level, pfn_t base,
                     struct tdp_gather *g)
{
    u64 *slot, entry;
    bool done = false;

    check(write_held(&t->lock), "C3-1: collapsing holds the mapping lock for write");
    check(level > 0 && level < TDP_LEAF_LEVELS, "C9-1: a table may become a leaf of 2 MiB or 1 GiB");
    tdp_enter(t);
    if (tdp_find(r, gfn, level, &slot, &entry) == level && tdp_is_table(entry, level) &&
        !(entry & fmt.nx_split) && tdp_is_whole(entry, level - 1, base)) {
        (void)tdp_take(slot, fmt.frozen, level);
        flush_all(t->vm);
        tdp_thaw(slot, tdp_fold(t, entry, gfn, level, base), level);
        tdp_unlinked(t, g, entry);
        done = true;
    }
    tdp_leave(t);
    return done;
}
