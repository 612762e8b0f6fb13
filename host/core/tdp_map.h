/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_map.h: make an access possible: install a leaf, give permission back, split a huge leaf. */

#define TDP_FIX_TRIES 4 /* lost races until a fault is sent back */

/* A leaf of `level` at the frame of gfn's block. */
static always_inline u64 tdp_leaf(const struct tdp *t, u64 pfn, unsigned level, bool write)
{
    u64 leaf = (pfn << fmt.pfn_shift) | fmt.leaf[level] | fmt.present | fmt.accessed | fmt.may_write;

    leaf = tdp_with_exec(leaf, level == 0 || !at_load(&t->nx.on));
    return write ? tdp_with_write(leaf) : leaf | fmt.read_only;
}

/* Entry number `i` of the table that takes the place of a leaf of level + 1: the same frame, rights, A and D (C9-3). */
static always_inline u64 tdp_child(const struct tdp *t, u64 huge, unsigned level, unsigned i)
{
    u64 keep = fmt.write | fmt.read_only | fmt.exec | fmt.no_exec | fmt.may_write | fmt.accessed | fmt.dirty |
               fmt.tracked | (fmt.saved << fmt.saved_shift);
    u64 pfn = tdp_pfn(huge) + i * tdp_span(level);
    u64 leaf = (pfn << fmt.pfn_shift) | ((fmt.leaf[level] | fmt.present) & ~fmt.tracked) | (huge & keep);

    /* Where a huge leaf was not executable, that was the mitigation's doing. */
    if (!fmt.tracked || (huge & fmt.accessed))
        leaf = tdp_with_exec(leaf, level == 0 || !at_load(&t->nx.on));
    else if (level == 0)
        leaf |= (fmt.exec & fmt.saved) << fmt.saved_shift;
    return leaf;
}

/* A fresh table from the cache, filled from `huge`, or with nothing. The page stays in the cache until it is used. */
static always_inline u64 tdp_new_table(const struct tdp *t, u64 huge, unsigned level, struct tdp_cache *c)
{
    hpa_t page = c->page[c->count - 1];
    u64 *table = port_map(page);

    for (unsigned i = 0; i < TDP_ENTRIES; i++)
        at_store(&table[i], tdp_present(huge) ? tdp_child(t, huge, level, i) : fmt.none);
    return (hpa_pfn(page).v << fmt.pfn_shift) | fmt.table | fmt.present;
}

static always_inline void tdp_used_table(struct tdp *t, struct tdp_cache *c)
{
    c->count--;
    at_add(&t->tables, 1);
}

/*
 * Put a table in the place of the entry *seen, which is absent or a huge leaf. False: somebody changed the entry, *seen
 * is what it is now. A leaf's translation and rights stay as they are, so x86 needs no flush (C6-25).
 */
static always_inline bool tdp_link(struct tdp *t, struct tdp_root *r, u64 *slot, u64 *seen, gfn_t gfn,
                                   unsigned level, bool nx_split, struct tdp_cache *c)
{
    bool reserved = nx_split && nx_reserve(&t->nx), done;
    u64 want = tdp_new_table(t, *seen, level - 1, c) | (reserved ? fmt.nx_split : 0);

    if (fmt.break_before_make && tdp_present(*seen)) {
        done = tdp_try(slot, seen, fmt.frozen, level);
        if (done) {
            flush_all(t->vm);
            tdp_thaw(slot, want, level);
        }
    } else {
        done = tdp_try(slot, seen, want, level); /* P7: a release */
    }
    if (done)
        tdp_used_table(t, c);
    if (reserved && done)
        nx_list(&t->nx, r, gfn); /* once it is linked: whoever takes it off the list finds it there */
    else if (reserved)
        nx_cancel(&t->nx);
    return done;
}

/* Widen the rights of the leaf *slot so that `access` works; what was granted is told to the dirty log. */
static always_inline enum tdp_result tdp_improve(struct tdp *t, u64 *slot, gfn_t gfn, unsigned level,
                                                 u32 access)
{
    u64 seen = at_load(slot);

    for (unsigned tries = 0; tries < TDP_FIX_TRIES; tries++) {
        u64 want = seen;

        if (!tdp_present(seen))
            return seen == fmt.frozen ? TDP_RETRY : TDP_NONE;
        if (tdp_is_table(seen, level))
            return TDP_RETRY;
        if (tdp_allows(seen, access))
            return TDP_SPURIOUS;
        if (!fmt.hw_accessed)
            want = tdp_with_access(want);
        if ((access & ACCESS_EXEC) && !tdp_executable(want))
            return TDP_NONE; /* a huge leaf under the NX mitigation */
        if ((access & ACCESS_WRITE) && !tdp_writable(want)) {
            if (!(want & fmt.may_write) || (level > 0 && at_load(&t->log) != TDP_LOG_OFF))
                return TDP_NONE; /* C8-3: while the log is kept, written leaves are small */
            want = tdp_with_write(want);
        }
        if (!tdp_try(slot, &seen, want, level))
            continue;
        if (tdp_writable(want) &&
            !tdp_writable(seen)) /* C4-8: after the exchange, before the guest is entered */
            tdp_dirtied(t->vm, (gfn_t){tdp_first(gfn.v, level)}, tdp_span(level));
        return TDP_OK;
    }
    return TDP_RETRY;
}

/* The absent entry *seen at the wanted level becomes a leaf. */
static always_inline enum tdp_result tdp_install(struct tdp *t, u64 *slot, u64 seen, const struct tdp_map *m,
                                                 unsigned level)
{
    bool free_write = fmt.dirty && at_load(&t->log) != TDP_LOG_WRITE_PROTECT;
    bool write = (free_write || (m->access & ACCESS_WRITE)) && !m->read_only;
    u64 first = tdp_first(m->gfn.v, level);
    u64 leaf = tdp_leaf(t, m->pfn.v - (m->gfn.v - first), level, write);

    if (m->read_only)
        leaf &= ~fmt.may_write;
    if (!tdp_try(slot, &seen, leaf, level))
        return TDP_RETRY;
    if (write && !free_write)
        tdp_dirtied(t->vm, (gfn_t){first}, tdp_span(level));
    return TDP_OK;
}

/* A present leaf is where we want one, of m->level or larger. */
static always_inline enum tdp_result tdp_meet(struct tdp *t, u64 *slot, u64 seen, const struct tdp_map *m,
                                              unsigned level)
{
    check(tdp_pfn(seen) + (m->gfn.v - tdp_first(m->gfn.v, level)) == m->pfn.v,
          "B6-8: a fault finds the frame it looked up, or nothing");
    return tdp_improve(t, slot, m->gfn, level, m->access);
}

static always_inline enum tdp_result map_in(struct tdp *t, struct tdp_root *r, const struct tdp_map *m,
                                            struct tdp_cache *c)
{
    for (unsigned linked = fmt.levels;;) {
        u64 *slot, entry;
        unsigned level = tdp_find(r, m->gfn, 0, &slot, &entry);

        if (entry == fmt.frozen)
            return TDP_RETRY; /* somebody is changing it (C2-5) */
        if (tdp_present(entry) && (level <= m->level || tdp_allows(entry, m->access)))
            return tdp_meet(t, slot, entry, m, level);
        if (level == 0)
            return tdp_install(t, slot, entry, m, 0); /* the common case, folded */
        if (level <= m->level)
            return tdp_install(t, slot, entry, m, level);
        if (level == linked)
            return TDP_RETRY; /* recovery has taken it already; the cache has pages for a table a level */
        linked = level;
        check(c->count, "C4-5: table pages are topped up before the lock");
        if (!tdp_link(t, r, slot, &entry, (gfn_t){tdp_first(m->gfn.v, level)}, level,
                      level == 1 && m->nx_level, c))
            return TDP_RETRY;
    }
}

static enum tdp_result map(struct tdp *t, struct tdp_root *r, const struct tdp_map *m, struct tdp_cache *c)
{
    enum tdp_result result;

    check(read_held(&t->lock), "B4-5: installs hold the mapping lock");
    check(m->level < TDP_LEAF_LEVELS, "C9-1: no leaf is larger than 1 GiB");
    if (!tdp_reaches(m->gfn))
        return TDP_NONE;
    if (at_load(&r->invalid))
        return TDP_RETRY; /* C4-4 */
    tdp_enter(t);
    result = map_in(t, r, m, c);
    tdp_leave(t);
    return result;
}

static enum tdp_result fix(struct tdp *t, struct tdp_root *r, gfn_t gfn, u32 access)
{
    enum tdp_result result = TDP_NONE;
    u64 *slot, entry;
    unsigned level;

    if (!tdp_reaches(gfn))
        return TDP_NONE;
    tdp_enter(t);
    level = tdp_find(r, gfn, 0, &slot, &entry);
    if (tdp_present(entry))
        result = tdp_improve(t, slot, gfn, level, access);
    tdp_leave(t);
    return result;
}

/* Make a table of the huge leaf here, and go on inside it (C9-4). False: pages ran out. */
static always_inline bool tdp_split_here(struct tdp *t, struct tdp_root *r, struct tdp_iter *i,
                                         struct tdp_cache *c)
{
    while (tdp_iter_settled_leaf(i)) {
        if (!c || !c->count)
            return false;
        (void)tdp_link(t, r, i->slot, &i->entry, (gfn_t){tdp_first(i->at, i->level)}, i->level, false, c);
        tdp_iter_again(i); /* split, or hardware has set a bit in it */
    }
    return true;
}

static bool split(struct tdp *t, struct tdp_root *r, gfn_t start, gfn_t end, unsigned to, struct tdp_cache *c)
{
    struct tdp_iter i;
    bool enough = true;

    check(read_held(&t->lock), "C3-1: splitting holds the mapping lock");
    check(to + 1 < TDP_LEAF_LEVELS, "C9-3: a huge leaf becomes leaves of 2 MiB or 4 KiB");
    tdp_enter(t);
    tdp_for_each (&i, r, start, end, to + 1) {
        enough = tdp_split_here(t, r, &i, c);
        if (!enough)
            break;
    }
    tdp_leave(t);
    return enough;
}
