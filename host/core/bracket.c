/* SPDX-License-Identifier: BSD-2-Clause */
/* bracket.c: an invalidation bracket of a VM: who has to be told, and what a bug in one costs. */
#include "bracket.h"
#include "apic_page.h"
#include "con.h"
#include "vm.h"

static const char *meaning(enum inv_bug bug)
{
    switch (bug) {
    case INV_OK:
        break;
    case INV_NO_RANGE:
        return "B6-1: an invalidation without a range";
    case INV_UNDERFLOW:
        return "B6-2: an invalidation ended that never started";
    case INV_NO_BRACKET:
        return "B6-3: a range outside an invalidation";
    case INV_EMPTY_RANGE:
        return "B6-4: an empty range";
    case INV_NO_HULL:
        return "B6-5: a range added after the mapping lock was released";
    case INV_NOT_ENTERED:
        return "B6-6: an invalidation left that was never entered";
    case INV_GHOST:
        return "B6-10: an invalidation without a range beside others";
    case INV_OTHER_SET:
        return "B2-9: the slots changed during an invalidation";
    case INV_UPDATING:
        return "B6-9: a slot update inside another";
    }
    return "none";
}

void bracket_report(struct vm *vm, const char *who, enum inv_bug bug)
{
    if (bug == INV_OK || at_or(&vm->inv_reported, 1u << bug) & 1u << bug)
        return;
    if (bug == INV_UNDERFLOW || bug == INV_OTHER_SET)
        vm_kill(vm, NULL, VM_STATUS_PANIC, "invariant %s (%s)", meaning(bug), who);
    else
        con_host("vm%u: invariant %s (%s)", vm->id, meaning(bug), who);
}

void bracket_enter(struct vm *vm, struct inv_bracket *b)
{
    inv_enter(&vm->inv, b);
}

void bracket_leave(struct vm *vm, struct inv_bracket *b)
{
    bracket_report(vm, b->who, inv_leave(&vm->inv, b));
}

void bracket_start(struct vm *vm, struct inv_bracket *b)
{
    check(write_held(&vm->tdp.lock), "B1-5: brackets start under the mapping lock");
    inv_start(&vm->inv, b);
}

void bracket_add(struct vm *vm, struct inv_bracket *b, gfn_t start, gfn_t end)
{
    bracket_report(vm, b->who, inv_range_add(&vm->inv, b, start, end));
    apic_page_unmapped(vm, start, end);
}

void bracket_end(struct vm *vm, struct inv_bracket *b)
{
    enum inv_bug bug;
    bool waited_for;

    write_lock(&vm->tdp.lock);
    bug = inv_end(&vm->inv, b);
    waited_for = at_load(&vm->bracket_awaited);
    at_store(&vm->bracket_awaited, 0);
    write_unlock(&vm->tdp.lock);
    bracket_leave(vm, b);
    bracket_report(vm, b->who, bug);
    if (waited_for)
        apic_page_request(vm);
}
