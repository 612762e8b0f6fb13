/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_batch.c: take pages, unmap them everywhere, and let faults back in. */
#include "pager_batch.h"
#include "resident.h"
#include "vm.h"

void batch_begin(struct vm *vm, struct batch *b, const char *who)
{
    b->bracket = (struct inv_bracket){.who = who};
    b->count = 0;
    bracket_enter(vm, &b->bracket);
}

bool page_take(struct slot *s, gfn_t gfn, u64 word)
{
    if (!at_cas(&slot_page(s, gfn)->word, &word, (word & ~PAGE_STATE) | PAGE_EVICTING))
        return false;
    resident_clear(s, gfn);
    return true;
}

bool batch_take(struct batch *b, struct slot *s, gfn_t gfn, u64 word)
{
    check(!batch_full(b), "a batch is unmapped before it overflows");
    if (!page_take(s, gfn, word))
        return false;
    b->page[b->count].slot = s;
    b->page[b->count++].gfn = gfn;
    return true;
}

/*
 * Architecture 5, "Taking a page back". The page words say EVICTING already, so no look-up that begins now finds the
 * frames; one that began before is turned away by the bracket. The flush ends before the lock is released (B2-5).
 * A huge leaf is split if the machine has pages for tables, and goes as a whole if not: nothing here can fail (C9-5).
 */
void batch_unmap(struct vm *vm, struct batch *b)
{
    struct tdp_cache tables = {.count = 0};
    struct tdp_gather g = {0};
    bool may_split = tdp_cache_fill(&tables);

    write_lock(&vm->tdp.lock);
    bracket_start(vm, &b->bracket);
    for (unsigned i = 0; i < b->count; i++) {
        gfn_t gfn = b->page[i].gfn, next = {gfn.v + 1};

        bracket_add(vm, &b->bracket, gfn, next);
        tdp_zap(&vm->tdp, gfn, next, may_split ? &tables : NULL, &g);
    }
    tdp_commit(&vm->tdp, &g);
    write_unlock(&vm->tdp.lock);
    tdp_cache_drain(&tables);
}

void batch_end(struct vm *vm, struct batch *b)
{
    if (b->count)
        bracket_end(vm, &b->bracket);
    else
        bracket_leave(vm, &b->bracket);
}
