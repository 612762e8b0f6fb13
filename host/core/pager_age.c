/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_age.c: a hand goes round guest memory, counts generations, and takes pages that nobody has used for some. */
#include "pager_age.h"
#include "resident.h"
#include "vm.h"

/* The age that makes a victim in this round. */
static unsigned wanted(const struct aging *a)
{
    return MIN(AGE_OLD, AGE_LEAN - a->lean);
}

/* A vCPU sat a fault out for this page, and has not run since. The others always have a frame beside these. */
static bool awaited(const struct vm *vm, gfn_t gfn)
{
    for (unsigned i = 0; i < vm->vcpus; i++)
        if (at_load(&vm->vcpu[i]->sat_out) == gfn.v + 1)
            return vm->pager.frames.count > vm->vcpus;
    return false;
}

/* A page meets the hand. Whoever changes its word meanwhile goes first: then it stays as it is until the next round. */
static void meet(struct vm *vm, struct slot *s, gfn_t gfn, bool young, struct batch *b)
{
    struct aging *a = &vm->pager.aging;
    u64 word = at_load(&slot_page(s, gfn)->word);
    u64 age = young || (word & PAGE_REF) ? 0 : MIN(PAGE_AGE_OF(word) + 1, AGE_MAX);

    if ((word & PAGE_STATE) != PAGE_RESIDENT)
        return;
    a->met++;
    if (age >= wanted(a) && !(word & PAGE_REF) && !awaited(vm, gfn)) /* it has not just come in */
        a->taken += batch_take(b, s, gfn, word);
    else
        (void)at_cas(&slot_page(s, gfn)->word, &word, (word & ~(PAGE_REF | PAGE_AGE)) | PAGE_AGED(age));
}

/* The hand does not come to [gfn, end) now. That pages in it were used, which their leaves have forgotten, is kept. */
static void remember(struct slot *s, gfn_t start, gfn_t gfn, gfn_t end, const u64 *young)
{
    for (; resident_next(s, &gfn, end); gfn.v++) {
        u64 word = at_load(&slot_page(s, gfn)->word);

        if (tdp_young_bit(young, gfn.v - start.v) && (word & PAGE_STATE) == PAGE_RESIDENT)
            (void)at_cas(&slot_page(s, gfn)->word, &word, word | PAGE_REF);
    }
}

/*
 * The pages that one look at the tables tells about: a few, for the batch may soon be full; but the whole block if one
 * leaf may map it. That has one bit for all its pages, which the first look clears.
 */
static gfn_t window_end(struct vm *vm, const struct slot *s, gfn_t hand)
{
    pfn_t base;
    u64 pages = framepool_whole(&vm->pager.frames, hand, &base) ? BLOCK_PAGES : AGE_WINDOW;

    return (gfn_t){MIN(ROUND_DOWN(hand.v, pages) + pages, s->base.v + s->pages)};
}

/* What is left of the window that the hand is in. How many pages it met. */
static u32 pass_window(struct vm *vm, struct slot *s, struct batch *b)
{
    struct aging *a = &vm->pager.aging;
    gfn_t start = a->hand, end = window_end(vm, s, start);
    u64 young[BLOCK_PAGES / 64] = {0};
    u32 before = a->met;

    tdp_age(&vm->tdp, start, end, young, true);
    while (!batch_full(b) && resident_next(s, &a->hand, end)) {
        meet(vm, s, a->hand, tdp_young_bit(young, a->hand.v - start.v), b);
        a->hand.v++;
    }
    remember(s, start, a->hand, end, young);
    return a->met - before;
}

static bool end_round(struct vm *vm)
{
    struct aging *a = &vm->pager.aging;
    bool any = a->met, few = any && a->taken < vm->pager.low;

    a->lean = few ? MIN(a->lean + 1, AGE_LEAN) : 0;
    a->met = a->taken = 0;
    a->hand.v = 0;
    return any || resident_find(vm, &(gfn_t){0}, (gfn_t){~0ull}); /* it may have come in behind the hand */
}

bool age_scan(struct vm *vm, struct batch *b)
{
    struct aging *a = &vm->pager.aging;
    u64 reach = AGE_REACH;
    u32 met = 0;

    while (reach && met < AGE_PAGES && !batch_full(b)) {
        struct slot *s = slot_from(vm, a->hand);
        u64 start;

        if (!s)
            return end_round(vm);
        start = a->hand.v = MAX(a->hand.v, s->base.v);
        if (resident_next(s, &a->hand, (gfn_t){MIN(start + reach, s->base.v + s->pages)}))
            met += pass_window(vm, s, b);
        reach -= MIN(a->hand.v - start, reach);
    }
    return true;
}

u64 age_calls(const struct vm *vm)
{
    const struct slots *set = at_load_acq(&vm->slots);
    u64 round = vm->pager.frames.count / AGE_PAGES + 1;

    for (unsigned i = 0; i < set->count; i++)
        round += set->at[i]->pages / AGE_REACH + 1;
    /* The rest of one, so many lean ones, one that spares only what has just come in, and the one that does not. */
    return (AGE_LEAN + 3) * round;
}
