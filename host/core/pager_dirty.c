/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_dirty.c: what the guest wrote: the pager has to write it back, and the dirty log tells of it (H-C-23). */
#include "dirty.h"
#include "vm.h"

void tdp_dirtied(struct vm *vm, gfn_t start, u64 pages)
{
    struct slot *s = slot_find_any(vm, start);

    for (u64 i = 0; s && i < pages; i++)
        at_or(&slot_page(s, (gfn_t){start.v + i})->word, PAGE_DIRTY);
    if (s)
        dirty_mark(vm, s, start, pages);
}
