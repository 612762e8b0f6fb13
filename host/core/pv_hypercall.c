/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_hypercall.c: our hypercalls: counters out, pages out, mappings away (abi/faultline.h, SPEC A7-10). */
#include "pv.h"
#include "vm.h"
#include "guestmem.h"
#include "hw.h"
#include "abi/kvm_hypercall.h"

#define FAILED(error) (-(u64)(error))

static enum outcome stats(struct vcpu *v, struct exit *e)
{
    struct vm *vm = v->vm;
    gpa_t to = {e->call.arg[0]};
    struct fl_stats s;
    gfn_t at;

    e->call.ret = FAILED(PV_EINVAL);
    if ((to.v & 7) || (to.v & PAGE_MASK) > PAGE_SIZE - sizeof(s) ||
        (e->call.arg[1] & ~(u64)FL_STATS_RESET_MAX))
        return OUTCOME_DONE;
    vm_stats(vm, &s);
    switch (guest_write(vm, to, &s, sizeof(s), &at)) {
    case GUEST_OK:
        if (e->call.arg[1] & FL_STATS_RESET_MAX)
            at_store(&vm->stats.inflight_max, (u64)at_load(&vm->pager.io.reads));
        e->call.ret = 0;
        return OUTCOME_DONE;
    case GUEST_ABSENT:
        guest_bring(v, at);
        return OUTCOME_AGAIN;
    case GUEST_HOLE:
        break;
    }
    e->call.ret = FAILED(PV_EFAULT);
    return OUTCOME_DONE;
}

/*
 * Does something to the part of the guest's range that is memory, slot by slot, until pages were evicted: the range may
 * be as long as it likes, and one call's work is bounded.
 */
static enum outcome on_range(struct vcpu *v, struct exit *e,
                             unsigned (*act)(struct vm *, gfn_t start, gfn_t end))
{
    u64 start = e->call.arg[0], bytes = e->call.arg[1], last = start + bytes - 1, acted = 0;
    struct vm *vm = v->vm;

    e->call.ret = FAILED(PV_EINVAL);
    if (bytes && last < start)
        return OUTCOME_DONE;
    for (unsigned i = 0; bytes && i < vm->slots && !acted; i++) {
        const struct slot *s = &vm->slot[i];
        gfn_t from = {MAX(s->base.v, start >> PAGE_SHIFT)};
        gfn_t to = {MIN(s->base.v + s->pages, (last >> PAGE_SHIFT) + 1)};

        if (from.v < to.v)
            acted = act(vm, from, to);
    }
    e->call.ret = acted;
    return OUTCOME_DONE;
}

static unsigned unmap(struct vm *vm, gfn_t start, gfn_t end)
{
    pager_unmap_range(vm, start, end);
    return 0;
}

enum outcome pv_hypercall(struct vcpu *v, struct exit *e)
{
    if (hw_cpl(v) != 0) {
        e->call.ret = FAILED(PV_EPERM);
        return OUTCOME_DONE;
    }
    switch (e->call.nr) {
    case FL_HC_STATS:
        return stats(v, e);
    case FL_HC_EVICT:
        return on_range(v, e, pager_evict_range);
    case FL_HC_UNMAP:
        return on_range(v, e, unmap);
    }
    e->call.ret = FAILED(PV_ENOSYS);
    return OUTCOME_DONE;
}
