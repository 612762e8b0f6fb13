/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.c: which memory is it? */
#include "slot.h"
#include "vm.h"
#include "hw.h"
#include "port.h"

struct slot *slot_find(struct vm *vm, gfn_t gfn)
{
    for (unsigned i = 0; i < vm->slots; i++) {
        struct slot *s = &vm->slot[i];

        if (gfn.v - s->base.v < s->pages)
            return s;
    }
    return NULL;
}

static bool overlaps(const struct slot *s, u64 base, u64 pages)
{
    return base < s->base.v + s->pages && s->base.v < base + pages;
}

int slot_add(struct vm *vm, const char *name, gfn_t base, u64 pages, struct store *store)
{
    u64 limit = MIN(vm->tdp.ops->gfn_limit, BIT(hw_gpa_bits() - PAGE_SHIFT));
    struct slot *s = &vm->slot[vm->slots];

    check(vm->slots < SLOT_MAX && vm->state == VM_SETUP && pages, "slots are added before the start");
    if (base.v >= limit || pages > limit - base.v)
        return -2;
    for (unsigned i = 0; i < vm->slots; i++)
        if (overlaps(&vm->slot[i], base.v, pages))
            return -2;
    *s = (struct slot){.base = base,
                       .pages = pages,
                       .name = name,
                       .store = store,
                       .swap_offset = vm->pager.swap_used,
                       .page = port_zalloc(pages * sizeof(struct page))};
    if (!s->page)
        return -1;
    vm->pager.swap_used += pages * PAGE_SIZE;
    vm->slots++;
    return 0;
}

void slot_free_all(struct vm *vm)
{
    while (vm->slots) {
        struct slot *s = &vm->slot[--vm->slots];

        port_zfree(s->page, s->pages * sizeof(struct page));
    }
}
