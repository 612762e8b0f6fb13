/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_ipi.c: hypercalls by which vCPUs reach each other: interrupts to many at once, kick, yield (A7-10). */
#include "pv.h"
#include "vm.h"
#include "abi/kvm_hypercall.h"

_Static_assert(VCPU_MAX <= 32, "the second word of a bitmap of APIC ids, in any mode, stands for nobody");

static struct vcpu *by_apic_id(struct vm *vm, u64 id)
{
    return id < vm->vcpus ? vm->vcpu[id] : NULL;
}

u64 pv_send_ipi(struct vcpu *v, const struct exit *e)
{
    u64 members = e->call.arg[0];
    u32 first = (u32)e->call.arg[2], icr = (u32)e->call.arg[3];

    return lapic_can_send_to(icr) ? lapic_send_to(v->vm, first, members, icr) : -(u64)PV_EINVAL;
}

/* Kept until the vCPU halts, if it does not now: it may be on its way there. */
u64 pv_kick(struct vcpu *v, u64 id)
{
    struct vcpu *to = by_apic_id(v->vm, id);

    if (to)
        vcpu_request(to, REQ_KICK);
    return 0;
}

enum outcome pv_yield(struct vcpu *v, u64 id)
{
    struct vcpu *to = by_apic_id(v->vm, id);

    if (!to || to == v || to->cpu != v->cpu || to->state != VCPU_RUNNABLE)
        return OUTCOME_DONE;
    v->yield_to = to;
    return OUTCOME_YIELD;
}
