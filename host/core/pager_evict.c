/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_evict.c: take pages back: choose cold ones, unmap them everywhere, and only then let go of their frames. */
#include "pager.h"
#include "resident.h"
#include "vm.h"

static void evict(struct vm *vm, struct batch *b)
{
    if (b->count)
        batch_unmap(vm, b);
    batch_end(vm, b); /* the page words say since batch_take() that the gfns mean no frame */
    for (unsigned i = 0; i < b->count; i++)
        pager_put_page(vm, b->page[i].slot, b->page[i].gfn);
}

bool pager_reclaim(struct vm *vm)
{
    struct pager *p = &vm->pager;
    struct batch cold;
    u32 nobody = 0;
    bool more;

    pager_feed(vm); /* pages that starved while the store was full */
    if (at_load(&p->frames.free) >= p->low || at_load(&p->io.writes) >= EVICT_WRITES)
        return false;
    if (!at_cas(&p->aging.moving, &nobody, 1))
        return true;
    batch_begin(vm, &cold, "eviction");
    more = age_scan(vm, &cold);
    at_store_rel(&p->aging.moving, 0);
    evict(vm, &cold);
    return more;
}

unsigned pager_evict_range(struct vm *vm, gfn_t start, gfn_t end)
{
    struct batch b;
    struct slot *s;

    batch_begin(vm, &b, "eviction");
    for (gfn_t g = start; !batch_full(&b) && (s = resident_find(vm, &g, end)); g.v++) {
        u64 word = at_load(&slot_page(s, g)->word);

        if ((word & PAGE_STATE) == PAGE_RESIDENT)
            (void)batch_take(&b, s, g, word);
    }
    evict(vm, &b);
    if (!b.count)
        pager_unmap_range(vm, start, end);
    return b.count;
}

void pager_unmap_in(struct vm *vm, struct inv_bracket *b, gfn_t start, gfn_t end)
{
    struct tdp_gather g = {0};

    write_lock(&vm->tdp.lock);
    bracket_start(vm, b);
    bracket_add(vm, b, start, end);
    tdp_zap(&vm->tdp, start, end, NULL, &g);
    tdp_commit(&vm->tdp, &g);
    write_unlock(&vm->tdp.lock);
}

void pager_unmap_range(struct vm *vm, gfn_t start, gfn_t end)
{
    struct inv_bracket b = {.who = "unmap"};

    bracket_enter(vm, &b);
    pager_unmap_in(vm, &b, start, end);
    bracket_end(vm, &b);
}
