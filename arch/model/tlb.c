/* SPDX-License-Identifier: BSD-2-Clause */
/* tlb.c: remember, find, forget. */
#include "tlb.h"
#include "frames.h"
#include "hw_vcpu.h"
#include "machine.h"
#include "walk.h"
#include <string.h>

static bool covers(gfn_t first, unsigned level, gfn_t gfn)
{
    return gfn.v - first.v < walk_span(level);
}

void tlb_flush(struct tlb *t)
{
    memset(t, 0, sizeof(*t));
}

void tlb_forget(struct tlb *t, gfn_t gfn)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        if (covers(t->entry[i].first, t->entry[i].level, gfn))
            t->entry[i].allows = 0;
    for (unsigned i = 0; i < TLB_TABLES; i++)
        if (covers(t->table[i].first, t->table[i].level + 1, gfn))
            t->table[i].allows = 0;
}

void tlb_lose(struct tlb *t)
{
    t->entry[rng_below(&machine.rng, TLB_ENTRIES)].allows = 0;
    t->table[rng_below(&machine.rng, TLB_TABLES)].allows = 0;
}

/* Into a free place; if there is none, over something. */
void tlb_remember(struct tlb *t, const struct tlb_entry *e)
{
    unsigned at = (unsigned)rng_below(&machine.rng, TLB_ENTRIES);

    for (unsigned i = 0; i < TLB_ENTRIES && t->entry[at].allows; i++)
        at = (at + 1) % TLB_ENTRIES;
    t->entry[at] = *e;
}

void tlb_remember_table(struct tlb *t, const struct tlb_table *e)
{
    for (unsigned i = 0; i < TLB_TABLES; i++)
        if (t->table[i].allows && t->table[i].table.v == e->table.v && t->table[i].life == e->life &&
            t->table[i].first.v == e->first.v)
            return;
    t->table[rng_below(&machine.rng, TLB_TABLES)] = *e;
}

const struct tlb_entry *tlb_find(const struct tlb *t, gfn_t gfn)
{
    unsigned at = (unsigned)rng_below(&machine.rng, TLB_ENTRIES);

    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        const struct tlb_entry *e = &t->entry[(at + i) % TLB_ENTRIES];

        if (e->allows && covers(e->first, e->level, gfn))
            return e;
    }
    return NULL;
}

const struct tlb_table *tlb_find_table(const struct tlb *t, gfn_t gfn)
{
    unsigned at = (unsigned)rng_below(&machine.rng, 2 * TLB_TABLES);

    for (unsigned i = 0; at < TLB_TABLES && i < TLB_TABLES; i++) {
        const struct tlb_table *e = &t->table[(at + i) % TLB_TABLES];

        if (e->allows && covers(e->first, e->level + 1, gfn))
            return e;
    }
    return NULL;
}

static bool reaches(const struct tlb *t, hpa_t at)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++)
        if (t->entry[i].allows && hpa_pfn(at).v - t->entry[i].pfn.v < walk_span(t->entry[i].level))
            return true;
    for (unsigned i = 0; i < TLB_TABLES; i++)
        if (t->table[i].allows && t->table[i].table.v == at.v)
            return true;
    return false;
}

void tlb_check_free(hpa_t at)
{
    const struct vcpu *v;

    for (unsigned i = 0; i < HW_VCPUS; i++)
        if ((v = hw_vcpu_at(i)) && !hw_will_flush(v) && (reaches(&v->hw->tlb, at) || v->hw->root.v == at.v))
            machine_violation("H-C-8", "frame 0x%lx is given back while vcpu %u can reach it", at.v, v->id);
}
