/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tlb.h: what a CPU remembers of its walks for one vCPU: translations, and the tables it can start a walk from.
 *
 * It remembers all it may: nothing is forgotten but by a flush, by a fault at that address, or by chance. Two entries
 * for one gfn may disagree, the older one being what a missing flush left behind; either may be used.
 */
#pragma once
#include "exit.h"

struct vcpu;

#define TLB_ENTRIES    96u
#define TLB_TABLES     16u
#define TLB_LEVELS_MAX 4u

struct tlb_entry {
    gfn_t first; /* of walk_span(level) */
    pfn_t pfn;
    u32 allows; /* ACCESS_*, 0 = unused */
    u8 level;
    bool dirty; /* the leaf's dirty bit is known to be set, or there is none: a write needs no walk */
};

/* A table reached by an upper-level entry. */
struct tlb_table {
    gfn_t first;
    hpa_t table;
    u32 life;   /* of its frame, when it was reached */
    u32 allows; /* by the entries above, 0 = unused */
    u8 level;   /* of its entries */
};

struct tlb {
    struct tlb_entry entry[TLB_ENTRIES];
    struct tlb_table table[TLB_TABLES];
};

void tlb_flush(struct tlb *t);
/* A fault at gfn: what was remembered for it goes (SDM vol. 3, 28.4.3.1). */
void tlb_forget(struct tlb *t, gfn_t gfn);
/* Something is lost by chance. */
void tlb_lose(struct tlb *t);

void tlb_remember(struct tlb *t, const struct tlb_entry *e);
void tlb_remember_table(struct tlb *t, const struct tlb_table *e);
/* A translation of gfn, any of them; NULL = none. */
const struct tlb_entry *tlb_find(const struct tlb *t, gfn_t gfn);
/* Where a walk for gfn may start below the root; NULL = nothing is remembered, or the walk chooses the root. */
const struct tlb_table *tlb_find_table(const struct tlb *t, gfn_t gfn);

/* The frame is given back: no CPU can still reach it (H-C-8). */
void tlb_check_free(hpa_t at);

/*
 * What hardware does for one access: by the TLB, else by a walk, which sets accessed and dirty bits. False: it faults.
 * `speculative`: nobody asked for it; only what is remembered changes.
 */
bool tlb_translate(struct vcpu *v, gfn_t gfn, u32 access, bool speculative, pfn_t *pfn) must_check;
