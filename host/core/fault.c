/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: a guest's page fault, from exit to entry, in the order in which things happen. */
#include "fault.h"
#include "vm.h"
#include "port.h"

/* Under the mapping lock: install what was looked up since `seq`, unless an invalidation has passed by (B3-1, 7-10). */
static void install(struct vcpu *v, gfn_t gfn, pfn_t pfn, u64 seq)
{
    struct vm *vm = v->vm;
    enum tdp_result r = TDP_RETRY;

    read_lock(&vm->tdp.lock);
    if (!inv_retry(&vm->inv, seq, gfn))
        r = tdp_map(&vm->tdp, gfn, pfn, true, &v->cache);
    read_unlock(&vm->tdp.lock);
    if (r == TDP_RETRY)
        stat_add(vm, tdp_retries, 1);
}

/* The page has to be waited for: tell the guest if it may be told, and only then start the read (A0-10). */
static void wait_for_page(struct vcpu *v, struct slot *s, gfn_t gfn)
{
    struct vm *vm = v->vm;
    struct ticket *ticket = NULL;

    stat_add(vm, tdp_absent, 1);
    switch (apf_try(v, gfn, &ticket)) {
    case APF_TOLD:
        stat_add(vm, not_present, 1);
        break;
    case APF_HALT:
        stat_add(vm, apf_halts, 1);
        vcpu_set_state(v, VCPU_APF_HALTED);
        vcpu_events(v);
        break;
    case APF_SYNC:
        stat_add(vm, sync_waits, 1);
        vcpu_set_state(v, VCPU_WAIT_PAGE);
        break;
    }
    if (ticket)
        pager_load(vm, s, gfn, ticket);
}

void fault_handle(struct vcpu *v, gpa_t gpa, u32 access)
{
    struct vm *vm = v->vm;
    gfn_t gfn = gpa_gfn(gpa);
    struct slot *s = slot_find(vm, gfn);
    pfn_t pfn;
    u64 seq;

    if (!s) {
        vm_kill(vm, v, VM_STATUS_GUEST_BUG, "%s at gpa 0x%lx, where there is no memory",
                access & ACCESS_EXEC    ? "execution"
                : access & ACCESS_WRITE ? "write"
                                        : "read",
                gpa.v);
        return;
    }
    if (!tdp_cache_fill(&v->cache)) {
        vm_kill(vm, v, VM_STATUS_MACHINE, "no memory left for page tables");
        return;
    }
    stat_add(vm, tdp_faults, 1);
    if (tdp_fix(&vm->tdp, gfn, access) == TDP_SPURIOUS)
        return;
    seq = inv_snapshot(&vm->inv);
    if (inv_retry(&vm->inv, seq, gfn)) { /* only to keep out of the invalidator's way (B3-4, B3-5) */
        stat_add(vm, tdp_retries, 1);
        return;
    }
    if (pager_resident(vm, s, gfn, &pfn)) {
        install(v, gfn, pfn, seq);
        return;
    }
    if (pager_is_zero(s, gfn))
        pager_load(vm, s, gfn, NULL);
    seq = inv_snapshot(&vm->inv); /* getting a frame may have taken other pages back */
    if (pager_resident(vm, s, gfn, &pfn))
        install(v, gfn, pfn, seq);
    else
        wait_for_page(v, s, gfn);
}

void fault_prefetch(struct vcpu *v, gfn_t gfn)
{
    struct vm *vm = v->vm;
    struct slot *s = slot_find(vm, gfn);
    u64 seq = inv_snapshot(&vm->inv);
    pfn_t pfn;

    if (tdp_cache_fill(&v->cache) && pager_resident(vm, s, gfn, &pfn))
        install(v, gfn, pfn, seq);
}
