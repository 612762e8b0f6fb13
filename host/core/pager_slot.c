/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_slot.c: a whole slot's pages: is any in use, forget them. */
#include "pager_slot.h"
#include "pager.h"
#include "vm.h"

bool pager_slot_busy(const struct slot *s)
{
    for (u64 i = 0; i < s->pages; i++) {
        u64 state = at_load_acq(&s->page[i].word) & PAGE_STATE;

        if (state != PAGE_ABSENT && state != PAGE_RESIDENT)
            return true;
    }
    return false;
}

void pager_slot_drop(struct vm *vm, struct slot *s)
{
    for (u64 i = 0; i < s->pages; i++) {
        u64 word = at_load(&s->page[i].word);

        at_store(&s->page[i].word, PAGE_ABSENT);
        if ((word & PAGE_STATE) == PAGE_RESIDENT)
            pager_frame_release(vm, PAGE_FRAME(word));
    }
}
