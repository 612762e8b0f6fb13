/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_block.c: can a whole 2 MiB block of guest memory be mapped by one leaf? */
#include "pager.h"
#include "vm.h"

/* All pages of the block at `first` are resident in frames side by side, the first of them in frame `home`. */
static bool is_home(struct slot *s, gfn_t first, u32 home)
{
    for (u32 i = 0; i < BLOCK_PAGES; i++) {
        u64 word = at_load_acq(&slot_page(s, (gfn_t){first.v + i})->word);

        if ((word & PAGE_STATE) != PAGE_RESIDENT || PAGE_FRAME(word) != home + i)
            return false;
    }
    return true;
}

unsigned pager_level(struct vm *vm, struct slot *s, gfn_t gfn)
{
    u64 word = at_load(&slot_page(s, gfn)->word);
    u32 frame = PAGE_FRAME(word), into = gfn.v % BLOCK_PAGES;
    gfn_t first = {gfn.v - into};

    if ((word & PAGE_STATE) != PAGE_RESIDENT || !framepool_full(&vm->pager.frames, frame) ||
        frame % BLOCK_PAGES != into)
        return 0;
    if (first.v < s->base.v || first.v + BLOCK_PAGES > s->base.v + s->pages)
        return 0;
    return is_home(s, first, frame - into);
}
