/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apic_page.h: the page behind a virtual local APIC's registers: its frame's address is in each vCPU's hardware state,
 * beside the TDP tables, and follows the page as they do (SPEC B7).
 *
 * The page is a private slot's, found by its name. It is not pinned (B7-5): it may be evicted, migrated and brought
 * back like any other, because every unmap that covers it stops all vCPUs and has them look it up again before they
 * run.
 */
#pragma once
#include "lib/types.h"

struct vcpu;
struct vm;

#define APIC_PAGE_PASSES \
    8 /* reloads in a row that an open invalidation may turn away before the vCPU waits for its end */

/* Of one vCPU; its owner's. */
struct apic_page {
    bool due;                 /* to be looked up when the vCPU becomes runnable */
    unsigned passes;          /* reloads that were turned away in a row */
    u64 reloads, turned_away; /* so far; read by anybody */
};

#define APIC_PAGE_GFN ((gfn_t){0xfee00}) /* where local APICs are after power-on (SDM vol. 3, 10.4.1) */
/* What is in the page. No guest ever reads it, unless an access went to memory that should have gone to the APIC. */
#define APIC_PAGE_WORD 0xdeadfee0u

/*
 * Make the page if this machine may need it, before the VM runs (apic_page_slot.c). False: no memory. It counts as
 * memory that may be resident and needs a place in swap, but it is none of the guest's and is not saved.
 */
bool apic_page_make(struct vm *vm) must_check;
/* Make all words of the frame as they should be. How many were not: somebody has used it as memory. */
unsigned apic_page_mend(void *frame);

/* REQ_APIC_PAGE, before entry (B7-2): write the page's present address into the hardware state, or see to it that the
 * vCPU does not run before somebody has. Owner only. */
void apic_page_service(struct vcpu *v);

/* The vCPU becomes runnable: what was put off is due. Owner only. */
void apic_page_runnable(struct vcpu *v);

/* The vCPU's APIC comes to have registers at an address, as on entry into xAPIC mode (B7-1, B7-4). Owner only. */
void apic_page_mode(struct vcpu *v);

/*
 * [start, end) is about to be unmapped. If that is the APIC page's place, no vCPU runs guest code from the return of
 * this call until it has the page's new address. Mapping lock held for write, the range in a bracket.
 */
void apic_page_unmapped(struct vm *vm, gfn_t start, gfn_t end);

/* Every vCPU looks the page up again before it runs guest code. */
void apic_page_request(struct vm *vm);
