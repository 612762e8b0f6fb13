/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_event.c: exceptions, NMIs and interrupts on their way into the guest (SDM vol. 3, 25.8.3, 27.2.4 and 27.6).
 *
 * One event waits for the next entry, which empties the place. If its delivery is what exits, vmx_event_return() puts
 * it back (C13-14). The hardware keeps account of NMIs: virtual NMIs are on.
 */
#include "vmx_vcpu.h"
#include "desc.h"
#include "port.h"

static void inject(struct vmx_vcpu *x, u32 info, u32 error)
{
    check(!(x->event.info & VMX_EVENT_VALID), "one event waits at a time");
    x->event = (struct vmx_event){.info = info | (u32)VMX_EVENT_VALID, .error = error};
}

void vmx_event_exception(struct vmx_vcpu *x, u8 vector)
{
    inject(x, VMX_EVENT_EXCEPTION | vector, 0);
}

void vmx_event_exception_error(struct vmx_vcpu *x, u8 vector, u32 error)
{
    inject(x, VMX_EVENT_EXCEPTION | (u32)VMX_EVENT_HAS_ERROR | vector, error);
}

void vmx_inject_pf(struct vcpu *v, u32 error, u64 cr2)
{
    vmx_event_exception_error(vmx_of(v), VEC_PF, error);
    vmx_of(v)->cr2 = cr2;
}

void vmx_inject_gp(struct vcpu *v)
{
    vmx_event_exception_error(vmx_of(v), VEC_GP, 0);
}

void vmx_inject_ud(struct vcpu *v)
{
    vmx_event_exception(vmx_of(v), VEC_UD);
}

void vmx_inject_nmi(struct vcpu *v)
{
    inject(vmx_of(v), VMX_EVENT_NMI | VEC_NMI, 0);
}

void vmx_inject_irq(struct vcpu *v, u8 vector)
{
    inject(vmx_of(v), VMX_EVENT_INTR | vector, 0);
}

bool vmx_event_pending(const struct vcpu *v)
{
    return vmx_of(v)->event.info & VMX_EVENT_VALID;
}

bool vmx_if(const struct vcpu *v)
{
    return vmx_of(v)->rflags & RFLAGS_IF;
}

static bool shadow(const struct vmx_vcpu *x)
{
    return x->interruptible & (VMX_SHADOW_STI | VMX_SHADOW_MOV_SS);
}

bool vmx_intr_open(const struct vcpu *v)
{
    return vmx_if(v) && !shadow(vmx_of(v));
}

bool vmx_nmi_open(const struct vcpu *v)
{
    return !(vmx_of(v)->interruptible & VMX_NMI_BLOCKED) && !shadow(vmx_of(v));
}

/*
 * Where the task priority holds the vector back, the exit is to come when that falls: by the threshold of the TPR
 * shadow; without one every write of CR8 exits anyway.
 */
void vmx_irq_window(struct vcpu *v, u8 vector)
{
    struct vmx_vcpu *x = vmx_of(v);
    bool admitted = vector >> 4 > vmx_tpr(v) >> 4;

    x->tpr_threshold = admitted ? 0 : vector >> 4;
    if (admitted)
        x->proc |= VMX_PROC_INTR_WINDOW;
    else
        x->proc &= ~(u32)VMX_PROC_INTR_WINDOW;
}

void vmx_irq_window_off(struct vcpu *v)
{
    vmx_of(v)->tpr_threshold = 0;
    vmx_of(v)->proc &= ~(u32)VMX_PROC_INTR_WINDOW;
}

/* INT n, INT3 and INTO are run again instead: RIP still points at them. */
static bool redelivered_by_rip(u32 info)
{
    return (info & VMX_EVENT_TYPE) >= VMX_EVENT_SOFT;
}

void vmx_event_return(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    u32 vectoring = (u32)vmx_read(VMCS_VECTORING), event = (u32)vmx_read(VMCS_EXIT_EVENT);
    bool exception = (u16)x->reason == VMX_EXIT_EXCEPTION;

    /* A fault of the IRET that was to unblock NMIs: they are blocked until it is run again (28.2.3). */
    if ((exception && event & VMX_EVENT_NMI_UNBLOCKED && (event & VMX_EVENT_VECTOR) != VEC_DF) ||
        (((u16)x->reason == VMX_EXIT_EPT_VIOLATION || (u16)x->reason == VMX_EXIT_PML_FULL) &&
         !(vectoring & VMX_EVENT_VALID) && x->qualification & VMX_EPT_UNBLOCKED))
        x->interruptible |= VMX_NMI_BLOCKED;
    if (!(vectoring & VMX_EVENT_VALID))
        return;
    if (vmx.unnamed)
        vectoring = vmx_apic_vectoring(v, vectoring);
    if (redelivered_by_rip(vectoring))
        return;
    if ((vectoring & VMX_EVENT_TYPE) == VMX_EVENT_NMI)
        x->interruptible &= ~VMX_NMI_BLOCKED; /* its delivery blocks them */
    x->event = (struct vmx_event){
        .info = vectoring & ~(u32)VMX_EVENT_NMI_UNBLOCKED,
        .error = vectoring & VMX_EVENT_HAS_ERROR ? (u32)vmx_read(VMCS_VECTORING_ERROR) : 0};
}
