/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook_window.c: pages that the test hook can protect, and take away altogether: each a slot of its own.
 *
 * They lie between the guest's RAM and the devices' place below 4 GiB. A page that is taken away appears elsewhere
 * meanwhile, where nobody looks for it.
 */
#include "hook.h"
#include "vm.h"
#include "abi/kvm_hypercall.h"

#define WINDOW    0xd0000u /* gfn */
#define ROM       (WINDOW + HOOK_WINDOW_MAX)
#define ELSEWHERE 0xd0100u /* of the window's first page */

bool hook_window_make(struct vm *vm)
{
    for (unsigned i = 0; i < HOOK_WINDOW_MAX; i++)
        if (slot_add_hook(vm, (gfn_t){WINDOW + i}, false, NULL))
            return false;
    return !slot_add_hook(vm, (gfn_t){ROM}, true, NULL);
}

u32 hook_window(u32 pages)
{
    return pages <= HOOK_WINDOW_MAX ? WINDOW : -(u32)PV_EINVAL;
}

u32 hook_rom(void)
{
    return ROM;
}

/* Of a change to the slot at gfn. A page whose wait has failed counts as present: it is fetched first. */
static enum outcome answer(struct vm *vm, gfn_t gfn, enum slot_error e, struct slot *s, u32 *result)
{
    *result = e ? -(u32)PV_EEXIST : 0;
    if (e != SLOT_BUSY)
        return OUTCOME_DONE;
    if ((at_load(&s->page->word) & PAGE_STATE) != PAGE_ASIDE)
        return OUTCOME_AGAIN;
    if (hook_state(vm, gfn) == HOOK_IS_PRESENT) {
        hook_wanted(vm, gfn);
        return OUTCOME_AGAIN;
    }
    *result = -(u32)PV_EBUSY;
    return OUTCOME_DONE;
}

static bool bad(gfn_t gfn, u32 on)
{
    return gfn.v - WINDOW >= HOOK_WINDOW_MAX || on > 1;
}

enum outcome hook_protect(struct vm *vm, gfn_t gfn, u32 on, u32 *result)
{
    enum slot_error e;
    struct slot *s;

    *result = -(u32)PV_EINVAL;
    if (bad(gfn, on))
        return OUTCOME_DONE;
    *result = -(u32)PV_EFAULT;
    if (slot_look(vm, gfn, &s) == SLOT_NONE)
        return OUTCOME_DONE;
    if (s->id == SLOT_HOOK && s->read_only == on)
        e = SLOT_OK;
    else
        e = slot_change_hook(vm, gfn, gfn, on);
    return answer(vm, gfn, e, s, result);
}

enum outcome hook_hole(struct vm *vm, gfn_t gfn, u32 on, u32 *result)
{
    gfn_t away = {gfn.v - WINDOW + ELSEWHERE}, from = on ? gfn : away, to = on ? away : gfn;
    struct slot *s;

    *result = -(u32)PV_EINVAL;
    if (bad(gfn, on))
        return OUTCOME_DONE;
    *result = 0;
    if (slot_look(vm, from, &s) == SLOT_NONE) /* it is there already */
        return OUTCOME_DONE;
    return answer(vm, from, slot_change_hook(vm, from, to, s->read_only), s, result);
}
