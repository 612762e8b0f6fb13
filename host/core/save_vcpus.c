/* SPDX-License-Identifier: BSD-2-Clause */
/* save_vcpus.c: vCPUs that stand still, as plain bytes, and back; what is saved and what is not, by A3-60. */
#include "save.h"
#include "restore.h"
#include "vm.h"
#include "hw.h"
#include "guestmem.h"
#include "port.h"
#include "pv.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"

/*
 * A vCPU that waits for a page is about to run the instruction that met it again, and says nothing of the wait: the
 * artificial halt above all (A3-64).
 */
static enum saved_vcpu_state plain_state(const struct vcpu *v)
{
    switch (v->state) {
    case VCPU_HALTED:
        return SAVED_HALTED;
    case VCPU_WAIT_SIPI:
        return SAVED_WAIT_SIPI;
    case VCPU_RUNNABLE:
    case VCPU_APF_HALTED:
    case VCPU_WAIT_PAGE:
    case VCPU_WAIT_BRACKET:
    case VCPU_STOPPED:
        break;
    }
    return SAVED_RUNNABLE;
}

static void save_vcpu(const struct vcpu *v, struct saved_vcpu *out)
{
    out->state = plain_state(v);
    out->sipi = at_load(&v->pub.sipi);
    out->init = at_load(&v->pub.init);
    out->nmi = at_load(&v->pub.nmi);
    lapic_save(v, &out->lapic);
    out->apf_en = v->apf.en;
    out->apf_vec = v->apf.vec;
    out->clock_msr = v->clock_msr;
    out->steal_msr = v->stolen.msr;
    out->stolen = v->stolen.owed;
    out->eoi_msr = v->eoi_msr;
    out->poll_msr = v->poll_msr;
    out->kicked = v->kicked || (at_load(&v->pub.requests) & REQ_KICK); /* it may not have heard of it yet */
    out->due = v->due & (DUE_EOI | DUE_EOI_LOOK);
    hw_save(v, out->hw);
}

void save_vcpus(struct vm *vm, struct saved_state *out)
{
    out->uart = vm->uart;
    if (vm->hook) {
        out->hook_page = at_load(&vm->hook->page);
        out->hook_value = at_load(&vm->hook->value);
        out->hook_result = at_load(&vm->hook->result);
    }
    for (unsigned i = 0; i < vm->vcpus; i++)
        save_vcpu(vm->vcpu[i], &out->vcpu[i]);
}

static enum vcpu_state state_of(enum saved_vcpu_state s)
{
    switch (s) {
    case SAVED_HALTED:
        return VCPU_HALTED;
    case SAVED_WAIT_SIPI:
        return VCPU_WAIT_SIPI;
    case SAVED_RUNNABLE:
        break;
    }
    return VCPU_RUNNABLE;
}

/* What the guest may end by its word; nothing else would be exact (pv_eoi.h). */
static bool one_in_service(const struct lapic_saved *l)
{
    u32 word = 0, words = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(l->isr); i++) {
        words += !!l->isr[i];
        word |= l->isr[i];
    }
    return words == 1 && !(word & (word - 1));
}

/* Registers that do not exist are 0. Where they point to need not be memory any more. */
static bool pv_restorable(const struct vcpu *v, const struct saved_vcpu *s)
{
    u64 steal = pv_works(v, KVM_FEATURE_STEAL) ? PV_STEAL_RSVD : ~0ull;
    u64 eoi = pv_works(v, KVM_FEATURE_EOI) ? PV_EOI_RSVD : ~0ull;

    if ((s->steal_msr & steal) || (s->eoi_msr & eoi) || (s->poll_msr & PV_POLL_RSVD) || s->kicked > 1)
        return false;
    return !s->due || ((s->eoi_msr & PV_EOI_ON) &&
                       (s->due == DUE_EOI || (s->due == DUE_EOI_LOOK && one_in_service(&s->lapic))));
}

static bool restorable(const struct vcpu *v, const struct saved_vcpu *s)
{
    return s->state <= SAVED_WAIT_SIPI && s->sipi <= SIPI_NONE && s->init <= 1 && s->nmi <= 1 &&
           lapic_restorable(&s->lapic) && pv_restorable(v, s) && apf_restorable(v, s->apf_en, s->apf_vec) &&
           hw_restorable(s->hw);
}

bool restore_vcpus_valid(const struct vm *vm, const struct saved_state *from)
{
    for (unsigned i = 0; i < vm->vcpus; i++)
        if (!restorable(vm->vcpu[i], &from->vcpu[i]))
            return false;
    return from->uart.length <= UART_LINE;
}

static void restore_pv(struct vcpu *v, const struct saved_vcpu *s)
{
    v->clock_msr = s->clock_msr;
    v->poll_msr = s->poll_msr;
    v->kicked = s->kicked;
    v->eoi_msr = s->eoi_msr;
    v->due = s->due;
    v->stolen.msr = s->steal_msr;
    v->stolen.owed = s->stolen;
    if (!(s->steal_msr & PV_STEAL_ON))
        return;
    v->due |= DUE_STEAL; /* the area may say preempted, and flushes may have been left to us */
    v->stolen.marked = true;
}

/* The instruction that asked for the save ends here, with 1 where it has a result. */
static void answer(struct vcpu *v, bool port)
{
    struct exit call = {.kind = EXIT_HYPERCALL, .call = {.ret = 1}};
    struct exit out = {.kind = EXIT_IO, .io = {.write = true}};

    hw_complete(v, port ? &out : &call);
}

static void restore_vcpu(struct vcpu *v, const struct saved_vcpu *s, const struct saved_header *h)
{
    hw_restore(v, s->hw);
    hw_set_tsc_offset(v, v->vm->tsc_offset);
    if (h->asker == v->id)
        answer(v, h->asked_by_port);
    at_store(&v->pub.sipi, s->sipi);
    at_store(&v->pub.init, s->init);
    at_store(&v->pub.nmi, s->nmi);
    restore_pv(v, s);
    vcpu_set_state(v, state_of(s->state));
    v->apf.remind = true;
    if (h->apf_first)
        apf_restore(v, s->apf_en, s->apf_vec);
    lapic_restore(v, &s->lapic);
    if (!h->apf_first)
        apf_restore(v, s->apf_en, s->apf_vec);
}

void restore_vcpus(struct vm *vm, const struct saved_state *from)
{
    const struct saved_header *h = &vm->saved.header;

    vm->uart = from->uart;
    vm->uart.lock = (struct spinlock){0};
    if (vm->hook) {
        at_store(&vm->hook->page, from->hook_page);
        at_store(&vm->hook->value, from->hook_value);
        at_store(&vm->hook->result, h->asked_by_port ? 1 : from->hook_result);
    }
    at_store(&vm->wall_clock_msr, h->wall_clock_msr);
    vm->tsc_offset = h->tsc - port_tsc();
    for (unsigned i = 0; i < vm->vcpus; i++)
        restore_vcpu(vm->vcpu[i], &from->vcpu[i], h);
}
