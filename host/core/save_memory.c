/* SPDX-License-Identifier: BSD-2-Clause */
/* save_memory.c: one page of memory after the other: where is what it holds, and has it to be written? */
#include "save.h"
#include "vm.h"
#include "port.h"

enum verdict { NOTED, LATER };

/* Nobody has written the page since the slot was made: what its source says of it. */
static enum verdict untouched(struct vm *vm, const struct save_page *p)
{
    const struct saved_memory *m = saved_memory_of(p->slot->store);
    u64 i = p->gfn.v - p->slot->base.v;

    if (!p->slot->store) {
        *p->entry = SAVED_ZERO;
    } else if (!m) {
        *p->entry = SAVED_SOURCE;
    } else if (m->on == vm->save.to || m->index[i] == SAVED_ZERO || m->index[i] == SAVED_SOURCE) {
        *p->entry = m->index[i];
    } else {
        return save_fetch(vm, p, p->slot->store, i * PAGE_SIZE) ? NOTED : LATER;
    }
    return NOTED;
}

/* Under the mapping lock a page that is RESIDENT or ASIDE keeps its frame (guestmem.c). */
static enum verdict in_frame(struct vm *vm, const struct save_page *p)
{
    enum verdict r = LATER;
    u64 word, state;

    read_lock(&vm->tdp.lock);
    word = at_load_acq(&slot_page(p->slot, p->gfn)->word);
    state = word & PAGE_STATE;
    if ((state == PAGE_RESIDENT || state == PAGE_ASIDE) && save_take(vm, p, port_map(pager_hpa(vm, word))))
        r = NOTED;
    read_unlock(&vm->tdp.lock);
    return r;
}

/* Nothing is mapped, so the word knows of every write. One that is EVICTING is in swap, or back, soon. */
static enum verdict look(struct vm *vm, const struct save_page *p)
{
    u64 word = at_load_acq(&slot_page(p->slot, p->gfn)->word);
    u64 place = p->slot->swap_offset + (p->gfn.v - p->slot->base.v) * PAGE_SIZE;

    switch ((enum page_state)(word & PAGE_STATE)) {
    case PAGE_EVICTING:
        return LATER;
    case PAGE_RESIDENT:
    case PAGE_ASIDE:
        return word & (PAGE_DIRTY | PAGE_SWAPPED) ? in_frame(vm, p) : untouched(vm, p);
    case PAGE_ABSENT:
    case PAGE_LOADING:
        break;
    }
    if (!(word & PAGE_SWAPPED))
        return untouched(vm, p);
    return save_fetch(vm, p, vm->pager.swap, place) ? NOTED : LATER;
}

bool save_memory(struct vm *vm)
{
    struct save *s = &vm->save;

    save_put(vm);
    for (unsigned i = 0; i < SAVE_SLICE; i++) {
        struct slot *slot = save_slot(vm, s->slot);
        struct save_page p = {.slot = slot};

        if (!slot)
            return save_io_idle(s);
        p.gfn.v = slot->base.v + s->at;
        p.entry = &s->index[s->slot][s->at];
        if (look(vm, &p) == LATER)
            return false;
        s->pages++;
        if (++s->at == slot->pages) {
            s->slot++;
            s->at = 0;
        }
    }
    return false;
}
