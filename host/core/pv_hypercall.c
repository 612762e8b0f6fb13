/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_hypercall.c: our hypercalls: counters out, pages out, mappings and slots away (abi/faultline.h, A7-10). */
#include "pv.h"
#include "vm.h"
#include "guestmem.h"
#include "hw.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_hypercall.h"

#define NS_PER_MS     1000000ull
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
 * Does something to the part of the guest's range that is memory, slot by slot, until it did some: the range may be as
 * long as it likes, and one call's work is bounded.
 */
static enum outcome on_range(struct vcpu *v, struct exit *e,
                             unsigned (*act)(struct vm *, gfn_t start, gfn_t end))
{
    u64 start = e->call.arg[0], bytes = e->call.arg[1], last = start + bytes - 1, acted = 0;
    struct vm *vm = v->vm;
    const struct slots *set = at_load_acq(&vm->slots);

    e->call.ret = FAILED(PV_EINVAL);
    if (bytes && last < start)
        return OUTCOME_DONE;
    for (unsigned i = 0; bytes && i < set->count && !acted; i++) {
        const struct slot *s = set->at[i];
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

static u64 result(enum slot_error e)
{
    switch (e) {
    case SLOT_OK:
        return 0;
    case SLOT_MISSING:
        return FAILED(PV_ENOENT);
    case SLOT_OVERLAP:
        return FAILED(PV_EEXIST);
    case SLOT_BUSY:
        return FAILED(PV_EBUSY);
    case SLOT_ZERO:
    case SLOT_BEYOND:
    case SLOT_TOO_MANY:
    case SLOT_NO_MEMORY:
    case SLOT_NO_SWAP:
        break;
    }
    return FAILED(PV_EINVAL);
}

static enum outcome change_slot(struct vcpu *v, struct exit *e)
{
    bool move = e->call.nr == FL_HC_SLOT_MOVE;
    gpa_t from = {e->call.arg[0]}, to = {move ? e->call.arg[1] : 0};

    if ((from.v | to.v) & PAGE_MASK)
        e->call.ret = FAILED(PV_EINVAL);
    else if (move)
        e->call.ret = result(slot_move(v->vm, gpa_gfn(from), gpa_gfn(to)));
    else
        e->call.ret = result(slot_delete(v->vm, gpa_gfn(from)));
    return OUTCOME_DONE;
}

/* A guest may take the protection away only where it protects from nothing. */
static enum outcome nx(struct vcpu *v, struct exit *e)
{
    u64 on = e->call.arg[0], pace = e->call.arg[1];

    e->call.ret = FAILED(PV_EINVAL);
    if (on > 1)
        return OUTCOME_DONE;
    e->call.ret = FAILED(PV_EOPNOTSUPP);
    if (!on && hw_nx_needed())
        return OUTCOME_DONE;
    switch (nx_set(v->vm, on)) {
    case NX_BUSY:
        return OUTCOME_AGAIN;
    case NX_REFUSED:
        return OUTCOME_DONE;
    case NX_DONE:
        nx_set_pace(v->vm, (u32)(pace >> 32), (u32)pace * NS_PER_MS);
        e->call.ret = 0;
    }
    return OUTCOME_DONE;
}

/* KVM's own, each if its feature exists. */
static off_path enum outcome kvm_call(struct vcpu *v, struct exit *e)
{
    const u64 *arg = e->call.arg;

    e->call.ret = FAILED(PV_ENOSYS);
    switch (e->call.nr) {
    case PV_HC_KICK:
        if (pv_works(v, KVM_FEATURE_KICK))
            e->call.ret = pv_kick(v, arg[1]);
        break;
    case PV_HC_IPI:
        if (pv_works(v, KVM_FEATURE_IPI))
            e->call.ret = pv_send_ipi(v, e);
        break;
    case PV_HC_YIELD:
        if (!pv_works(v, KVM_FEATURE_YIELD))
            break;
        e->call.ret = 0;
        return pv_yield(v, arg[0]);
    }
    return OUTCOME_DONE;
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
    case FL_HC_MIGRATE:
        return on_range(v, e, pager_migrate_range);
    case FL_HC_UNMAP:
        return on_range(v, e, unmap);
    case FL_HC_SLOT_MOVE:
    case FL_HC_SLOT_DELETE:
        return change_slot(v, e);
    case FL_HC_NX:
        return nx(v, e);
    case FL_HC_PRECOPY:
        return pv_precopy(v, e);
    case FL_HC_SAVE:
        return pv_save(v, e);
    case PV_HC_KICK ... PV_HC_YIELD:
        return kvm_call(v, e);
    }
    e->call.ret = FAILED(PV_ENOSYS);
    return OUTCOME_DONE;
}
