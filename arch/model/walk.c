/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.c: the hardware's walk, one for all formats. Between any two of its steps other CPUs may change what it reads.
 */
#include "walk.h"
#include "frames.h"
#include "hw_vcpu.h"
#include "machine.h"
#include "sim_atomic.h"

/* One walk: where it is, and what the entries passed allow. */
struct walk {
    struct vcpu *v;
    gfn_t gfn;
    u32 access, allows;
    unsigned level; /* of the entries of `table` */
    hpa_t table;
    u32 life;
};

static gfn_t first_of(gfn_t gfn, unsigned level)
{
    return (gfn_t){ROUND_DOWN(gfn.v, walk_span(level))};
}

static void start(struct walk *w, const struct model_walk *format)
{
    const struct tlb_table *t = tlb_find_table(&w->v->hw->tlb, w->gfn);

    w->allows = t ? t->allows : ACCESS_READ | ACCESS_WRITE | ACCESS_EXEC;
    w->level = t ? t->level : format->levels - 1;
    w->table = t ? t->table : w->v->hw->root;
    w->life = t ? t->life : frame_life(w->table);
}

/* The entry for gfn in the table that the walk has come to, which must still be one. */
static u64 *slot_of(const struct walk *w)
{
    if (!frame_allocated(w->table) || frame_life(w->table) != w->life)
        machine_violation("H-C-8", "vcpu %u walks for gfn 0x%lx through frame 0x%lx, which was given back",
                          w->v->id, w->gfn.v, w->table.v);
    return (u64 *)frame_bytes(w->table) + walk_index(w->gfn, w->level);
}

/*
 * Read the entry and leave in it what hardware leaves: by a locked operation that takes effect only on the entry that
 * was judged (APM vol. 2, 5.4.2). False: the access faults here.
 */
static bool judge(struct walk *w, const struct model_walk *format, u64 *raw, struct model_entry *e)
{
    for (;;) {
        u64 *slot = slot_of(w), seen = at_load(slot), want;

        *e = format->decode(seen, w->level);
        if (e->malformed)
            machine_violation("format", "%s entry 0x%lx of gfn 0x%lx at level %u: %s", format->name, seen,
                              w->gfn.v, w->level, e->malformed);
        if (!e->present || e->unsettled || ((w->allows & e->allows) & w->access) != w->access)
            return false;
        want = format->used(seen, e->leaf, w->access & ACCESS_WRITE);
        *raw = want;
        if (want == seen || at_cas(slot_of(w), &seen, want))
            return true;
    }
}

static void descend(struct walk *w, const struct model_entry *e)
{
    w->allows &= e->allows;
    w->table = (hpa_t){e->address};
    w->life = frame_life(w->table);
    w->level--;
    tlb_remember_table(&w->v->hw->tlb, &(struct tlb_table){.first = first_of(w->gfn, w->level + 1),
                                                           .table = w->table,
                                                           .life = w->life,
                                                           .allows = w->allows,
                                                           .level = (u8)w->level});
}

/* What the TLB gets of a leaf: all of it, or only the 4 KiB in question. */
static struct tlb_entry filled(const struct walk *w, const struct model_walk *format, u64 raw,
                               const struct model_entry *e)
{
    unsigned level = w->level && rng_chance(&machine.rng, machine.config.shatter) ? 0 : w->level;
    gfn_t first = first_of(w->gfn, level);

    return (struct tlb_entry){.first = first,
                              .pfn = {(e->address >> PAGE_SHIFT) + (first.v - first_of(w->gfn, w->level).v)},
                              .allows = w->allows & e->allows,
                              .level = (u8)level,
                              .dirty = format->used(raw, true, true) == raw};
}

/* Was a huge leaf cut up, rather than taken away? Its small ones are there all at once. */
static void note_leaf(const struct walk *w, const struct model_walk *format)
{
    bool *huge = &machine.huge[w->gfn.v / WALK_ENTRIES % HUGE_BLOCKS];
    const u64 *entry = frame_bytes(w->table);
    unsigned present = 0;

    for (unsigned i = 0; *huge && !w->level && i < WALK_ENTRIES; i++)
        present += format->decode(entry[i], 0).present;
    machine.cut += present > WALK_ENTRIES / 2;
    *huge = w->level;
}

static bool walk(struct walk *w, struct tlb_entry *out)
{
    const struct model_walk *format = machine.config.walk;
    struct model_entry e;
    u64 raw;

    for (start(w, format);; descend(w, &e)) {
        if (!judge(w, format, &raw, &e))
            return false;
        if (e.leaf) {
            note_leaf(w, format);
            *out = filled(w, format, raw, &e);
            return true;
        }
    }
}

bool tlb_translate(struct vcpu *v, gfn_t gfn, u32 access, bool speculative, pfn_t *pfn)
{
    struct tlb *t = &v->hw->tlb;
    const struct tlb_entry *hit = speculative ? NULL : tlb_find(t, gfn);
    struct walk w = {.v = v, .gfn = gfn, .access = access};
    struct tlb_entry e;

    if (hit && (hit->allows & access) == access && (hit->dirty || !(access & ACCESS_WRITE))) {
        pfn->v = hit->pfn.v + (gfn.v - hit->first.v);
        return true;
    }
    if (!walk(&w, &e)) {
        if (!speculative)
            tlb_forget(t, gfn);
        return false;
    }
    tlb_remember(t, &e);
    pfn->v = e.pfn.v + (gfn.v - e.first.v);
    return true;
}
