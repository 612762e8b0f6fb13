/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_evict.c: take pages back: choose cold ones, unmap them everywhere, and only then let go of their frames. */
#include "pager.h"
#include "vm.h"
#include "flush.h"
#include "port.h"

/* Pages that this CPU moved to EVICTING, to be unmapped together at the price of one flush. */
struct victims {
    unsigned count;
    struct {
        struct slot *slot;
        gfn_t gfn;
    } page[EVICT_BATCH];
};

/* A resident page becomes ours to evict, unless somebody else changes it first. */
static void take(struct victims *v, struct slot *s, gfn_t gfn, u64 word)
{
    u64 want = (word & ~(PAGE_STATE | PAGE_REF)) | PAGE_EVICTING;

    if (!at_cas(&slot_page(s, gfn)->word, &word, want))
        return;
    v->page[v->count].slot = s;
    v->page[v->count++].gfn = gfn;
}

/* End a bracket whose unmapping and flush are complete, and whose gfns mean something else already. */
static void bracket_end(struct vm *vm)
{
    write_lock(&vm->tdp.lock);
    vm_inv_bug(vm, inv_end(&vm->inv));
    write_unlock(&vm->tdp.lock);
}

/*
 * Architecture 5, "Taking a page back". The page words say EVICTING already, so no look-up that begins now finds the
 * frames; one that began before is turned away by the bracket. The flush ends before the lock is released (B2-5).
 */
static void evict(struct vm *vm, struct victims *v)
{
    struct tdp_dirty dirty = {.mark = pager_mark_dirty, .ctx = vm};
    struct tdp_zap z = {.tables = 0};

    write_lock(&vm->tdp.lock);
    inv_start(&vm->inv);
    for (unsigned i = 0; i < v->count; i++) {
        gfn_t gfn = v->page[i].gfn, next = {gfn.v + 1};

        vm_inv_bug(vm, inv_range_add(&vm->inv, gfn, next));
        tdp_zap(&vm->tdp, gfn, next, &dirty, &z);
    }
    if (z.flush)
        flush_all(vm);
    write_unlock(&vm->tdp.lock);
    tdp_zap_finish(&vm->tdp, &z);
    bracket_end(vm);
    for (unsigned i = 0; i < v->count; i++)
        pager_put_page(vm, v->page[i].slot, v->page[i].gfn);
}

void pager_unmap_range(struct vm *vm, gfn_t start, gfn_t end)
{
    struct tdp_dirty dirty = {.mark = pager_mark_dirty, .ctx = vm};
    struct tdp_zap z = {.tables = 0};

    write_lock(&vm->tdp.lock);
    inv_start(&vm->inv);
    vm_inv_bug(vm, inv_range_add(&vm->inv, start, end));
    do {
        tdp_zap(&vm->tdp, start, end, &dirty, &z);
        if (z.flush)
            flush_all(vm);
        tdp_zap_finish(&vm->tdp, &z);
    } while (z.more);
    write_unlock(&vm->tdp.lock);
    bracket_end(vm);
}

/* One step of the clock: an unused frame's page is taken; a used one gets a second chance, which returns true. */
static bool clock_step(struct vm *vm, struct victims *v)
{
    struct framepool *p = &vm->pager.frames;
    u32 frame = p->hand;
    u64 owner = at_load(&p->frame[frame].owner);
    gfn_t gfn = {owner - 1};
    struct slot *s;
    u64 word;

    p->hand = (frame + 1) % p->count;
    if (!owner)
        return false;
    s = slot_find(vm, gfn);
    word = at_load(&slot_page(s, gfn)->word);
    if ((word & PAGE_STATE) != PAGE_RESIDENT)
        return false;
    if (word & PAGE_REF) {
        at_and(&slot_page(s, gfn)->word, ~PAGE_REF);
        return true;
    }
    if (tdp_age(&vm->tdp, gfn))
        return true;
    take(v, s, gfn, word);
    return false;
}

bool pager_reclaim(struct vm *vm)
{
    struct pager *p = &vm->pager;
    struct victims v;
    unsigned spared = 0;
    u32 nobody = 0;

    pager_feed(vm); /* pages that starved while the store was full */
    if (at_load(&p->frames.free) >= p->low || at_load(&p->io.writes) >= EVICT_WRITES)
        return false;
    if (!at_cas(&p->reclaiming, &nobody, 1))
        return true;
    v.count = 0;
    for (unsigned i = 0; i < EVICT_SCAN && v.count < EVICT_BATCH; i++)
        spared += clock_step(vm, &v);
    at_store_rel(&p->reclaiming, 0);
    if (v.count)
        evict(vm, &v);
    return v.count || spared;
}

unsigned pager_evict_range(struct vm *vm, gfn_t start, gfn_t end)
{
    struct victims v = {.count = 0};

    for (gfn_t g = start; g.v < end.v && v.count < EVICT_BATCH; g.v++) {
        struct slot *s = slot_find(vm, g);
        u64 word = s ? at_load(&slot_page(s, g)->word) : PAGE_ABSENT;

        if ((word & PAGE_STATE) == PAGE_RESIDENT)
            take(&v, s, g, word);
    }
    if (v.count)
        evict(vm, &v);
    else
        pager_unmap_range(vm, start, end);
    return v.count;
}
