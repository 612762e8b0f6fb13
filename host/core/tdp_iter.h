/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_iter.h: read an entry, change an entry, find one entry, and go from one entry to the next.
 *
 * Compiled once for each entry format: the including file has defined `static const struct tdp_fmt fmt`.
 *
 *     root      level 3   [ 47:39 ] -> table
 *               level 2   [ 38:30 ] -> table, or a leaf of 1 GiB
 *               level 1   [ 29:21 ] -> table, or a leaf of 2 MiB
 *               level 0   [ 20:12 ] -> a leaf of 4 KiB
 */
#include "tdp.h"
#include "exit.h"
#include "flush.h"
#include "port.h"

/* ---- An entry ---- */

static always_inline bool tdp_present(u64 entry)
{
    return entry & fmt.present;
}

static always_inline bool tdp_is_table(u64 entry, unsigned level)
{
    return level > 0 && (entry & (fmt.kind | fmt.present)) == ((fmt.table & fmt.kind) | fmt.present);
}

static always_inline bool tdp_is_leaf(u64 entry, unsigned level)
{
    return tdp_present(entry) && !tdp_is_table(entry, level);
}

static always_inline u64 tdp_pfn(u64 entry)
{
    return (entry & fmt.pfn) >> fmt.pfn_shift;
}

static always_inline u64 *tdp_table(u64 entry)
{
    return port_map(pfn_hpa((pfn_t){tdp_pfn(entry)}));
}

static always_inline bool tdp_writable(u64 leaf)
{
    return (leaf & (fmt.write | fmt.read_only)) == fmt.write;
}

static always_inline bool tdp_executable(u64 leaf)
{
    return (leaf & (fmt.exec | fmt.no_exec)) == fmt.exec;
}

/* Without hardware that says so, whatever may be written counts as written. */
static always_inline bool tdp_is_dirty(u64 leaf)
{
    return fmt.dirty ? leaf & fmt.dirty : tdp_writable(leaf);
}

static always_inline u64 tdp_with_write(u64 leaf)
{
    return (leaf & ~fmt.read_only) | fmt.write;
}

/* Where dirty and writable are one thing to the hardware (stage 2), both go. */
static always_inline u64 tdp_without_write(u64 leaf)
{
    return (leaf & ~(fmt.write | fmt.dirty)) | fmt.read_only;
}

static always_inline u64 tdp_with_exec(u64 leaf, bool on)
{
    return on ? (leaf & ~fmt.no_exec) | fmt.exec : (leaf & ~fmt.exec) | fmt.no_exec;
}

/* The rights that aging took from a leaf come back, but for W, which comes back as a write (C12-1). */
static always_inline u64 tdp_with_access(u64 leaf)
{
    u64 saved = fmt.saved << fmt.saved_shift;

    return (leaf & ~saved) | ((leaf & saved) >> fmt.saved_shift) | fmt.accessed;
}

static always_inline u64 tdp_without_access(u64 leaf)
{
    return (leaf & ~(fmt.tracked | fmt.accessed)) | ((leaf & fmt.saved) << fmt.saved_shift) |
           (fmt.tracked ? fmt.read_only : 0);
}

/* Would hardware let this access through? */
static always_inline bool tdp_allows(u64 leaf, u32 access)
{
    if (!fmt.hw_accessed && !(leaf & fmt.accessed))
        return false;
    return (!(access & ACCESS_WRITE) || tdp_writable(leaf)) &&
           (!(access & ACCESS_EXEC) || tdp_executable(leaf));
}

/* Does the root reach gfn? */
static always_inline bool tdp_reaches(gfn_t gfn)
{
    return !(gfn.v >> (fmt.levels * TDP_INDEX_BITS));
}

/* How many gfns one entry of `level` spans; the first of those that this gfn lies among. */
static always_inline u64 tdp_span(unsigned level)
{
    return 1ull << (level * TDP_INDEX_BITS);
}

static always_inline u64 tdp_first(u64 gfn, unsigned level)
{
    return gfn & ~(tdp_span(level) - 1);
}

static always_inline unsigned tdp_index(u64 gfn, unsigned level)
{
    return (gfn >> (level * TDP_INDEX_BITS)) & (TDP_ENTRIES - 1);
}

/* ---- The funnel: every change of an entry passes here and must be a legal transition of SPEC C2 ---- */

static always_inline void tdp_check_change(u64 old, u64 new, unsigned level)
{
    bool was_leaf = tdp_is_leaf(old, level);
    bool is_leaf = tdp_is_leaf(new, level);

    if (was_leaf && is_leaf)
        check(!((old ^ new) & (fmt.pfn | fmt.may_write)), "C2-1: a leaf keeps its frame until it is zapped");
    if (!tdp_present(old) && !tdp_present(new))
        check(new == fmt.frozen || old == fmt.frozen, "C2-2: absent to absent only by the freezer");
    if (tdp_present(old) && !was_leaf && tdp_present(new))
        check(false, "C2-6: a table vanishes, or is frozen, before anything takes its place");
    if (is_leaf) {
        check(!tdp_writable(new) || (new &fmt.may_write), "C2-3: writable is a subset of may-write");
        check(!(tdp_pfn(new) & (tdp_span(level) - 1)), "C9: the frames of a huge leaf are aligned");
    }
}

/* With the lock for read, or none: replace the very value that was seen (C3-2). On failure *seen is the present one. */
static always_inline bool tdp_try(u64 *slot, u64 *seen, u64 want, unsigned level)
{
    tdp_check_change(*seen, want, level);
    return at_cas(slot, seen, want);
}

/* For the one who has the entry to himself but for hardware and lock-free walkers: what they set is in the result. */
static always_inline u64 tdp_take(u64 *slot, u64 new, unsigned level)
{
    u64 old = at_xchg(slot, new);

    tdp_check_change(old, new, level);
    return old;
}

/* The freezer's own: nobody else changes a frozen entry (C2-5). */
static always_inline void tdp_thaw(u64 *slot, u64 new, unsigned level)
{
    check(at_load(slot) == fmt.frozen, "C2-5: only the freezer changes a frozen entry");
    tdp_check_change(fmt.frozen, new, level);
    at_store_rel(slot, new); /* P7: what a new table holds is seen before the link (C1-11) */
}

/* ---- Owed work and the epoch section ---- */

static always_inline void tdp_enter(struct tdp *t)
{
    epoch_enter(t->epoch, port_cpu());
}

static always_inline void tdp_leave(struct tdp *t)
{
    epoch_exit(t->epoch, port_cpu());
}

/* A table was unlinked. Its page is freed after the flush, and not while any CPU may be reading it. */
static always_inline void tdp_unlinked(struct tdp *t, struct tdp_gather *g, u64 entry)
{
    check(g->tables < TDP_GATHER_TABLES,
          "C10-9: the list of unlinked tables is committed before it overflows");
    g->table[g->tables++] = pfn_hpa((pfn_t){tdp_pfn(entry)});
    at_sub(&t->tables, 1);
}

/* ---- One entry ---- */

/*
 * The entry that decides about gfn: at `lowest`, or further up where there is no table to go down to. Returns its
 * level. In an epoch section. Unrolled, it is a handful of instructions for each level.
 */
static always_inline unsigned tdp_find(const struct tdp_root *r, gfn_t gfn, unsigned lowest, u64 **slot,
                                       u64 *entry)
{
    u64 *table = port_map(r->table);

#pragma GCC unroll 4
    for (unsigned level = fmt.levels - 1; level > 0; level--) {
        *slot = &table[tdp_index(gfn.v, level)];
        *entry = at_load_acq(*slot);
        if (level == lowest || !tdp_is_table(*entry, level))
            return level;
        table = tdp_table(*entry);
    }
    *slot = &table[tdp_index(gfn.v, 0)];
    *entry = at_load_acq(*slot);
    return 0;
}

/* ---- From entry to entry, in order of gfn, an entry before the table it points to ---- */

struct tdp_iter {
    u64 *table[TDP_LEVELS_MAX]; /* on the way to here */
    u64 *slot;                  /* this entry */
    u64 entry;                  /* its value when it was read; whoever changes it updates this */
    u64 at, end;                /* gfns: the part of the range that this entry begins with; half open */
    unsigned level, lowest;
};

static always_inline bool tdp_iter_load(struct tdp_iter *i)
{
    if (i->at >= i->end)
        return false;
    i->slot = &i->table[i->level][tdp_index(i->at, i->level)];
    i->entry = at_load_acq(i->slot);
    return true;
}

/* In an epoch section. False: the range is empty, or the root is gone; seen here, it stays until the section ends. */
static always_inline bool tdp_iter_start(struct tdp_iter *i, const struct tdp_root *r, gfn_t start, gfn_t end,
                                         unsigned lowest)
{
    if (!at_load_acq(&r->refs))
        return false;
    *i = (struct tdp_iter){
        .at = start.v, .end = MIN(end.v, tdp_span(fmt.levels)), .level = fmt.levels - 1, .lowest = lowest};
    i->table[i->level] = port_map((hpa_t){at_load(&r->table.v)});
    return tdp_iter_load(i);
}

/* On to the entry behind this one, without looking into the table it points to. */
static always_inline bool tdp_iter_skip(struct tdp_iter *i)
{
    i->at = tdp_first(i->at, i->level) + tdp_span(i->level);
    while (i->level + 1 < fmt.levels && !tdp_index(i->at, i->level))
        i->level++; /* the table ends here; go on in the one above */
    return tdp_iter_load(i);
}

/* Down if there is a table and it is wanted, else on. */
static always_inline bool tdp_iter_next(struct tdp_iter *i)
{
    if (i->level == i->lowest || !tdp_is_table(i->entry, i->level))
        return tdp_iter_skip(i);
    i->table[i->level - 1] = tdp_table(i->entry);
    i->level--;
    return tdp_iter_load(i);
}

static always_inline bool tdp_iter_leaf(const struct tdp_iter *i)
{
    return tdp_is_leaf(i->entry, i->level);
}

/* Does the range contain all that this entry spans? */
static always_inline bool tdp_iter_whole(const struct tdp_iter *i)
{
    return i->at == tdp_first(i->at, i->level) && i->end - i->at >= tdp_span(i->level);
}

/* The entry may have changed under us: look again. */
static always_inline void tdp_iter_again(struct tdp_iter *i)
{
    i->entry = at_load_acq(i->slot);
}

/*
 * With the lock for read: a leaf, once whoever breaks it before he makes a table of it is done? He waits for CPUs to
 * leave the guest, never for us (C5-5, C13-20). At level 0 what is frozen stays so: its table was unlinked.
 */
static always_inline bool tdp_iter_settled_leaf(struct tdp_iter *i)
{
    while (fmt.break_before_make && i->level > 0 && i->entry == fmt.frozen) {
        at_relax();
        tdp_iter_again(i);
    }
    return tdp_iter_leaf(i);
}

#define tdp_for_each(i, root, start, end, lowest) \
    for (bool go_ = tdp_iter_start((i), (root), (start), (end), (lowest)); go_; go_ = tdp_iter_next(i))
