/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp_scan.h: look over the leaves of a range: which were used, which were written, is all as it should be? */

static void age(struct tdp *t, struct tdp_root *r, gfn_t start, gfn_t end, u64 *young, bool clear)
{
    struct tdp_iter i;

    tdp_enter(t);
    tdp_for_each (&i, r, start, end, 0) {
        u64 last = MIN(end.v, tdp_first(i.at, i.level) + tdp_span(i.level));

        if (!tdp_iter_leaf(&i) || !(i.entry & fmt.accessed))
            continue;
        for (u64 bit = i.at - start.v; bit < last - start.v; bit++)
            young[bit / 64] |= 1ull << (bit % 64);
        /* Not by AND: a leaf that has become a table must keep its bit (C2-6). A lost race: still young (O-11). */
        if (clear)
            (void)tdp_try(i.slot, &i.entry, tdp_without_access(i.entry), i.level);
    }
    tdp_leave(t);
}

static void write_protect(struct tdp *t, struct tdp_root *r, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    struct tdp_iter i;

    check(read_held(&t->lock), "C3-1: write-protecting holds the mapping lock");
    tdp_enter(t);
    tdp_for_each (&i, r, start, end, 0) {
        if (fmt.tracked && tdp_iter_leaf(&i))
            g->flush = true; /* C2-4: aging may have taken W from the entry, but not from the TLBs */
        while (tdp_iter_settled_leaf(&i) && tdp_writable(i.entry)) {
            if (!tdp_try(i.slot, &i.entry, tdp_without_write(i.entry), i.level))
                continue; /* hardware or a fault set a bit; there are few to set */
            if (tdp_is_dirty(i.entry))
                tdp_dirtied(t->vm, (gfn_t){tdp_first(i.at, i.level)}, tdp_span(i.level));
            g->flush = true;
            break;
        }
    }
    tdp_leave(t);
}

static void harvest(struct tdp *t, struct tdp_root *r, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    struct tdp_iter i;

    check(read_held(&t->lock), "C3-1: harvesting holds the mapping lock");
    tdp_enter(t);
    tdp_for_each (&i, r, start, end, 0) {
        while (tdp_iter_settled_leaf(&i) && (i.entry & fmt.dirty)) {
            if (!tdp_try(i.slot, &i.entry, i.entry & ~fmt.dirty, i.level))
                continue;
            tdp_dirtied(t->vm, (gfn_t){tdp_first(i.at, i.level)}, tdp_span(i.level));
            g->flush = true;
            break;
        }
    }
    tdp_leave(t);
}

static enum tdp_result lookup(struct tdp *t, struct tdp_root *r, gfn_t gfn, struct tdp_leaf *out)
{
    enum tdp_result result = TDP_NONE;
    u64 *slot, e;
    unsigned level;

    if (!tdp_reaches(gfn))
        return TDP_NONE;
    tdp_enter(t);
    level = tdp_find(r, gfn, 0, &slot, &e);
    if (tdp_is_leaf(e, level)) {
        *out = (struct tdp_leaf){.pfn = {tdp_pfn(e) + gfn.v - tdp_first(gfn.v, level)},
                                 .level = level,
                                 .write = tdp_writable(e),
                                 .exec = tdp_executable(e),
                                 .accessed = e & fmt.accessed,
                                 .dirty = tdp_is_dirty(e)};
        result = TDP_OK;
    }
    tdp_leave(t);
    return result;
}

static unsigned path(struct tdp *t, struct tdp_root *r, gfn_t gfn, u64 *entry)
{
    struct tdp_iter i;
    unsigned n = 0;

    tdp_enter(t);
    tdp_for_each (&i, r, gfn, (gfn_t){gfn.v + 1}, 0)
        entry[n++] = i.entry;
    tdp_leave(t);
    return n;
}

static const char *inspect_entry(const struct tdp *t, const struct tdp_root *r, const struct tdp_iter *i)
{
    if (!tdp_present(i->entry))
        return i->entry == fmt.none ? NULL : "C2: an absent entry has the one value of an absent entry";
    if (tdp_is_table(i->entry, i->level)) {
        if ((i->entry & ~(fmt.pfn | fmt.nx_split)) != (fmt.table | fmt.present))
            return "C2-6: an entry that points to a table stays as it was made";
        return i->level == 1 || !(i->entry & fmt.nx_split) ? NULL
                                                           : "C10: only tables of 4 KiB leaves are listed";
    }
    if (i->level >= TDP_LEAF_LEVELS)
        return "C9: no leaf is larger than 1 GiB";
    if (tdp_writable(i->entry) && !(i->entry & fmt.may_write))
        return "C2-3: writable is a subset of may-write";
    if (tdp_pfn(i->entry) & (tdp_span(i->level) - 1))
        return "C9: the frames of a huge leaf are aligned";
    if (i->level > 0 && !at_load(&r->invalid) && at_load(&t->nx.enforced) && tdp_executable(i->entry))
        return "C10-1: no huge leaf is executable";
    return NULL;
}

static const char *inspect(struct tdp *t, struct tdp_root *r, struct tdp_count *n)
{
    const char *broken = NULL;
    struct tdp_iter i;

    tdp_enter(t);
    tdp_for_each (&i, r, (gfn_t){0}, (gfn_t){tdp_span(fmt.levels)}, 0) {
        bool table = tdp_is_table(i.entry, i.level);

        n->tables += table;
        n->nx_split += table && (i.entry & fmt.nx_split) && !at_load(&r->invalid);
        if (tdp_iter_leaf(&i) && i.level < TDP_LEAF_LEVELS)
            n->leaves[i.level]++;
        broken = broken ? broken : inspect_entry(t, r, &i);
    }
    tdp_leave(t);
    return broken;
}
