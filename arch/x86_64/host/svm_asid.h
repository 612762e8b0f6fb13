/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_asid.h: address space identifiers: the tag under which the TLB keeps a guest's translations (SPEC C13-12).
 *
 * A vCPU that must forget its translations takes a number not used since this CPU's last complete flush. When the
 * numbers run out, the taker flushes everything and opens a new generation, and everybody else's number is void.
 */
#pragma once
#include "svm.h"

/* Of a CPU. */
struct asid_pool {
    u64 generation;
    u32 next, end; /* end: how many the hardware has; 0 is the host */
};

/* Of a vCPU. Generation 0 is void. */
struct asid {
    u64 generation;
    u32 number;
};

static inline void asid_pool_init(struct asid_pool *p, u32 count)
{
    *p = (struct asid_pool){
        .generation = 1, .next = count, .end = count}; /* used up: the first taker flushes */
}

static inline bool asid_valid(const struct asid_pool *p, const struct asid *a)
{
    return a->generation == p->generation;
}

/* Returns what TLB_CONTROL must be at the first entry with the new number. */
static inline u8 asid_take(struct asid_pool *p, struct asid *a)
{
    u8 tlb_control = SVM_TLB_KEEP;

    if (p->next == p->end) {
        p->generation++;
        p->next = 1;
        tlb_control = SVM_TLB_ALL;
    }
    a->number = p->next++;
    a->generation = p->generation;
    return tlb_control;
}
