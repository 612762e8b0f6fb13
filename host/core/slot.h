/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.h: a memory slot: a range of guest physical memory, where its pages come from, and the state of each. */
#pragma once
#include "lib/types.h"
#include "store.h"

struct ticket;
struct vm;

/*
 * The state of one guest page, in one word. Whoever wins the compare-exchange owns the change; the frame moves with it.
 *
 *   ABSENT --fault--> LOADING --read or zeroed--> RESIDENT --victim--> EVICTING --written, or clean--> ABSENT
 *
 * EVICTING goes back to RESIDENT if somebody waits for the page by the time its write to swap has ended.
 */
enum page_state { PAGE_ABSENT, PAGE_LOADING, PAGE_RESIDENT, PAGE_EVICTING };

#define PAGE_STATE   0x07ull
#define PAGE_DIRTY   0x08ull /* differs from what the slot or swap would give */
#define PAGE_SWAPPED 0x10ull /* swap, not the slot's source, has its last clean contents */
#define PAGE_REF     0x20ull /* loaded or used by the host since the clock hand passed */
/* bits 63:12: the pool frame that holds it, except when ABSENT */

struct page {
    u64 word;
    struct ticket *waiters; /* tickets to finish when LOADING or EVICTING ends */
};

struct slot {
    gfn_t base;
    u64 pages;
    const char *name;    /* for messages */
    struct store *store; /* a module's bytes; NULL = anonymous, zero on first touch */
    u64 swap_offset;     /* every page has its place in swap: no allocation that could fail later */
    struct page *page;
};

#define SLOT_MAX 8

/* The slot that contains gfn, or NULL: not memory. */
struct slot *slot_find(struct vm *vm, gfn_t gfn);
static inline struct page *slot_page(struct slot *s, gfn_t gfn)
{
    return &s->page[gfn.v - s->base.v];
}

/*
 * Add memory to a VM that has not started. Errors: 0; -1 no host memory for the page states; -2 the range overlaps
 * another slot or lies beyond what the TDP tables, or guest physical addresses, can reach.
 */
int slot_add(struct vm *vm, const char *name, gfn_t base, u64 pages, struct store *store) must_check;
void slot_free_all(struct vm *vm);
