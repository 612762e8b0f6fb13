/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_aside.c: take a page from everybody, as an eviction does, and leave it in its frame. */
#include "pager.h"
#include "pager_batch.h"
#include "vm.h"

/* The page may be aged or marked meanwhile; it is taken as long as it is resident. */
static bool take(struct batch *b, struct slot *s, gfn_t gfn)
{
    u64 word = at_load(&slot_page(s, gfn)->word);

    while ((word & PAGE_STATE) == PAGE_RESIDENT && !batch_take(b, s, gfn, word))
        word = at_load(&slot_page(s, gfn)->word);
    return b->count;
}

enum aside pager_set_aside(struct vm *vm, gfn_t gfn)
{
    struct batch b;
    struct slot *s;
    enum slot_kind kind;

    batch_begin(vm, &b, "test hook");
    kind = slot_look(vm, gfn, &s);
    if (kind == SLOT_USABLE && s->id != SLOT_APIC_PAGE && take(&b, s, gfn)) {
        batch_unmap(vm, &b);
        pager_lay_aside(s, gfn);
    }
    batch_end(vm, &b);
    if (kind == SLOT_NONE || (kind == SLOT_USABLE && s->id == SLOT_APIC_PAGE))
        return ASIDE_NO_MEMORY;
    return b.count ? ASIDE_DONE : ASIDE_NOT_RESIDENT;
}
