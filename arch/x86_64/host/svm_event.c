/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_event.c: exceptions, NMIs and interrupts on their way into the guest (APM vol. 2, 15.20 and 15.21).
 *
 * EVENTINJ of the VMCB is the one place where an event waits. svm_run() empties it after each run; if the delivery
 * itself was what exited, svm_event_return() puts the event back (C13-14).
 */
#include "svm_vcpu.h"
#include "desc.h"
#include "port.h"
#include "vcpu.h"

static void inject(struct hw_vcpu *hw, u64 event)
{
    check(!(hw->vmcb.event_inj & SVM_EVENT_VALID), "one event waits at a time");
    hw->vmcb.event_inj = event | SVM_EVENT_VALID;
}

void svm_event_exception(struct hw_vcpu *hw, u8 vector)
{
    inject(hw, SVM_EVENT_EXCEPTION | vector);
}

void svm_event_exception_error(struct hw_vcpu *hw, u8 vector, u32 error)
{
    inject(hw, SVM_EVENT_EXCEPTION | vector | SVM_EVENT_HAS_ERROR | (u64)error << SVM_EVENT_ERROR_SHIFT);
}

void svm_inject_pf(struct vcpu *v, u32 error, u64 cr2)
{
    struct hw_vcpu *hw = v->hw;

    svm_event_exception_error(hw, VEC_PF, error);
    hw->vmcb.cr2 = cr2;
    if (hw->cpu && hw->cpu->loaded == hw)
        write_cr2(cr2); /* see svm_load(), which has been */
}

void svm_inject_gp(struct vcpu *v)
{
    svm_event_exception_error(v->hw, VEC_GP, 0);
}

void svm_inject_ud(struct vcpu *v)
{
    svm_event_exception(v->hw, VEC_UD);
}

void svm_inject_nmi(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;

    inject(hw, SVM_EVENT_NMI | VEC_NMI);
    hw->nmi = NMI_IN_HANDLER;
    hw->vmcb.intercept_misc1 |= SVM_MISC1_IRET;
}

void svm_inject_irq(struct vcpu *v, u8 vector)
{
    inject(v->hw, SVM_EVENT_INTR | vector);
}

bool svm_event_pending(const struct vcpu *v)
{
    return v->hw->vmcb.event_inj & SVM_EVENT_VALID;
}

bool svm_if(const struct vcpu *v)
{
    return v->hw->vmcb.rflags & RFLAGS_IF;
}

bool svm_intr_open(const struct vcpu *v)
{
    return svm_if(v) && !svm_shadow(v->hw);
}

bool svm_nmi_open(const struct vcpu *v)
{
    return v->hw->nmi == NMI_OPEN && !svm_shadow(v->hw);
}

/*
 * A virtual interrupt that is intercepted as soon as it would be taken. Whether the task priority lets it in is looked
 * at here, and again when the guest writes CR8: machines differ in how V_IRQ is compared with it, and QEMU aborts if
 * CR8 is written natively while V_IRQ is set.
 */
void svm_irq_window(struct vcpu *v, u8 vector)
{
    struct vmcb *c = &v->hw->vmcb;

    c->intercept_cr_write |= SVM_CR8;
    if (vector >> 4 > (c->v_intr & SVM_V_TPR))
        c->v_intr |= SVM_V_IRQ;
    else
        c->v_intr &= ~SVM_V_IRQ;
}

void svm_irq_window_off(struct vcpu *v)
{
    struct vmcb *c = &v->hw->vmcb;

    c->intercept_cr_write &= (u16)~SVM_CR8;
    c->v_intr &= ~SVM_V_IRQ;
}

u8 svm_tpr(const struct vcpu *v)
{
    return (u8)((v->hw->vmcb.v_intr & SVM_V_TPR) << 4);
}

void svm_set_tpr(struct vcpu *v, u8 tpr)
{
    struct vmcb *c = &v->hw->vmcb;

    c->v_intr = (c->v_intr & ~SVM_V_TPR) | tpr >> 4;
}

void svm_event_iret(struct hw_vcpu *hw)
{
    hw->nmi = NMI_IN_IRET;
    hw->iret_rip = hw->vmcb.rip;
    hw->vmcb.intercept_misc1 &= ~SVM_MISC1_IRET;
}

/* INT n, INT3 and INTO are run again instead: RIP still points at them, and injecting them needs their length. */
static bool redelivered_by_rip(u64 event)
{
    u64 vector = event & SVM_EVENT_VECTOR;

    return (event & SVM_EVENT_TYPE) == SVM_EVENT_SOFT ||
           ((event & SVM_EVENT_TYPE) == SVM_EVENT_EXCEPTION && (vector == VEC_BP || vector == VEC_OF));
}

void svm_event_return(struct hw_vcpu *hw)
{
    struct vmcb *c = &hw->vmcb;

    if (c->exit_int_info & SVM_EVENT_VALID && !redelivered_by_rip(c->exit_int_info))
        c->event_inj = c->exit_int_info;
    if (hw->nmi == NMI_IN_IRET && c->rip != hw->iret_rip)
        hw->nmi = NMI_OPEN;
}
