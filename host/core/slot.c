/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.c: which memory is it? */
#include "slot.h"
#include "vm.h"

void slots_init(struct vm *vm)
{
    vm->slots = &vm->slot_table.set[0];
}

static enum slot_kind kind_of(const struct slots *set, const struct slot *s)
{
    return s == set->invalid ? SLOT_INVALID : SLOT_USABLE;
}

enum slot_kind slot_look(struct vm *vm, gfn_t gfn, struct slot **s)
{
    const struct slots *set = at_load_acq(&vm->slots); /* P10: pairs with publish() */

    for (unsigned i = 0; i < set->count; i++) {
        *s = set->at[i];
        if (gfn.v - (*s)->base.v < (*s)->pages)
            return kind_of(set, *s);
    }
    *s = NULL;
    return SLOT_NONE;
}

struct slot *slot_find(struct vm *vm, gfn_t gfn)
{
    struct slot *s;

    return slot_look(vm, gfn, &s) == SLOT_USABLE ? s : NULL;
}

struct slot *slot_find_any(struct vm *vm, gfn_t gfn)
{
    struct slot *s;

    (void)slot_look(vm, gfn, &s);
    return s;
}

struct slot *slot_find_ram(struct vm *vm, gfn_t gfn)
{
    struct slot *s = slot_find_any(vm, gfn);

    return s && s->id == SLOT_APIC_PAGE ? NULL : s;
}

enum slot_kind slot_by_id(struct vm *vm, enum slot_id id, struct slot **s)
{
    const struct slots *set = at_load_acq(&vm->slots);

    check(id != SLOT_PUBLIC, "only private slots have names");
    for (unsigned i = 0; i < set->count; i++) {
        *s = set->at[i];
        if ((*s)->id == id)
            return kind_of(set, *s);
    }
    *s = NULL;
    return SLOT_NONE;
}
