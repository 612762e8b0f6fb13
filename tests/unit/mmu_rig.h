/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mmu_rig.h: the hardware's side of each entry format: a walk that sets bits as it may, and a TLB that forgets nothing.
 *
 * Include it once. A translation stays good until the host has flushed the vCPU, as churn.c has it for one format.
 */
#pragma once
#include "fake/world.h"
#include "dirty.h"
#include "fault.h"

struct mmu {
    const char *name;
    const struct tdp_ops *ops;
    u64 valid;           /* any of these: present */
    u64 table, is_table; /* above level 0 a table has these of those */
    u64 writable;        /* written if all of these are set … */
    u64 read_only;       /* … and this is not */
    u64 accessed, dirty; /* what hardware sets */
    u64 pfn;             /* where the frame's number is, and … */
    unsigned shift;      /* … where it begins */
    enum tdp_log log;    /* the mode in which the tests keep the dirty log */
};

#define MMU_NPT                                                                                \
    .ops = &tdp_npt, .valid = BIT(0), .table = BIT(7), .writable = BIT(1), .accessed = BIT(5), \
    .dirty = BIT(6), .pfn = 0x000ffffffffff000ull, .shift = 12
#define MMU_EPT_NOAD                                                                                     \
    .ops = &tdp_ept_noad, .valid = 7, .table = BIT(7), .writable = BIT(1), .pfn = 0x000ffffffffff000ull, \
    .shift = 12
#define MMU_S2                                                                                 \
    .ops = &tdp_s2, .valid = BIT(0), .table = BIT(1), .is_table = BIT(1), .writable = BIT(51), \
    .accessed = BIT(10), .dirty = BIT(7), .pfn = 0x0000fffffffff000ull, .shift = 12
#define MMU_S2_SOFT                                                                                \
    .ops = &tdp_s2_soft, .valid = BIT(0), .table = BIT(1), .is_table = BIT(1), .writable = BIT(7), \
    .pfn = 0x0000fffffffff000ull, .shift = 12
#define MMU_TOY                                                                                 \
    .ops = &tdp_toy, .valid = BIT(0), .table = BIT(1), .is_table = BIT(1), .read_only = BIT(2), \
    .accessed = BIT(4), .pfn = 0x0ffffffffff00000ull, .shift = 20
#define MMU_EPT                                                                                            \
    .ops = &tdp_ept, .valid = 7, .table = BIT(7), .writable = BIT(1), .accessed = BIT(8), .dirty = BIT(9), \
    .pfn = 0x000ffffffffff000ull, .shift = 12

/* Every way to keep the log in every format that has it. */
static struct mmu mmus[] = {
    {.name = "NPT, dirty bits", MMU_NPT, .log = TDP_LOG_DIRTY_BIT},
    {.name = "NPT, write protection", MMU_NPT, .log = TDP_LOG_WRITE_PROTECT},
    {.name = "EPT, dirty bits", MMU_EPT, .log = TDP_LOG_DIRTY_BIT},
    {.name = "EPT, hardware's list", MMU_EPT, .log = TDP_LOG_HARDWARE},
    {.name = "EPT, write protection", MMU_EPT, .log = TDP_LOG_WRITE_PROTECT},
    {.name = "EPT without A and D, write protection", MMU_EPT_NOAD, .log = TDP_LOG_WRITE_PROTECT},
    {.name = "stage 2, dirty bits", MMU_S2, .log = TDP_LOG_DIRTY_BIT},
    {.name = "stage 2, write protection", MMU_S2, .log = TDP_LOG_WRITE_PROTECT},
    {.name = "stage 2 in software, write protection", MMU_S2_SOFT, .log = TDP_LOG_WRITE_PROTECT},
    {.name = "toy, write protection", MMU_TOY, .log = TDP_LOG_WRITE_PROTECT},
};

#define MMU_TLB 512

static const struct mmu *mmu;
static struct {
    unsigned flushes;
    struct {
        u64 gfn; /* + 1 */
        hpa_t frame;
        bool write; /* and hardware need not look at the entry again for it */
    } entry[MMU_TLB];
} mmu_tlb[VCPU_MAX];

/* To be called before the world is made. */
static inline void mmu_choose(const struct mmu *m)
{
    mmu = m;
    fake_tdp = m->ops;
    fake_has_log = m->log == TDP_LOG_HARDWARE;
    memset(mmu_tlb, 0, sizeof(mmu_tlb));
}

/* The leaf over gfn, or NULL; *frame is gfn's own. */
static inline u64 *mmu_leaf(const struct vcpu *v, gfn_t gfn, hpa_t *frame)
{
    u64 *table = port_map(v->root->table);

    for (unsigned level = mmu->ops->levels; level--;) {
        u64 *at = &table[gfn.v >> (9 * level) & 511], entry = at_load_acq(at);
        u64 pfn = (entry & mmu->pfn) >> mmu->shift;

        if (!(entry & mmu->valid))
            return NULL;
        if (!level || (entry & mmu->table) != mmu->is_table) {
            *frame = pfn_hpa((pfn_t){pfn + (gfn.v & (BIT(9 * level) - 1))});
            return at;
        }
        table = port_map(pfn_hpa((pfn_t){pfn}));
    }
    return NULL;
}

static inline bool mmu_allows(u64 entry, bool write)
{
    return (entry & mmu->valid) &&
           (!write || ((entry & mmu->writable) == mmu->writable && !(entry & mmu->read_only)));
}

/* What the guest reaches at gfn without an exit; NULL: it faults. */
static inline u64 *mmu_reach(struct vcpu *v, gfn_t gfn, bool write)
{
    typeof(mmu_tlb[0].entry[0]) *t = &mmu_tlb[v->id].entry[gfn.v % MMU_TLB];
    u64 *leaf, seen;

    if (mmu_tlb[v->id].flushes != v->hw->flushes)
        memset(&mmu_tlb[v->id], 0, sizeof(mmu_tlb[0]));
    mmu_tlb[v->id].flushes = v->hw->flushes;
    if (t->gfn != gfn.v + 1 || (write && !t->write)) {
        leaf = mmu_leaf(v, gfn, &t->frame);
        seen = leaf ? at_load(leaf) : 0;
        t->gfn = 0;
        do
            if (!mmu_allows(seen, write))
                return NULL;
        while (!at_cas(leaf, &seen, seen | mmu->accessed | (write ? mmu->dirty : 0)));
        t->gfn = gfn.v + 1;
        t->write = write;
        if (write && v->hw->log_writes && !(seen & mmu->dirty))
            dirty_logged(v, &(u64){gfn_gpa(gfn).v}, 1);
    }
    return port_map(t->frame);
}
