/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_log.c: the page-modification log: the hardware's own list of what the guest wrote (SDM vol. 3, 29.3.6).
 *
 * A page of 512 addresses, filled from its end: the index is of the place for the next one, and out of range once the
 * page is full, which ends the guest's stay. It is emptied after each stay, so that it never outlives one.
 */
#include "vmx_vcpu.h"
#include "dirty.h"
#include "port.h"

#define LOG_LAST (PAGE_SIZE / sizeof(u64) - 1)

bool vmx_log_init(struct vmx_vcpu *x)
{
    return !vmx.pml || port_frame_alloc(&x->log);
}

void vmx_log_free(struct vmx_vcpu *x)
{
    if (x->log.v)
        port_frame_free(x->log);
}

bool vmx_has_log(void)
{
    return vmx.pml;
}

void vmx_log_writes(struct vcpu *v, bool on)
{
    struct vmx_vcpu *x = vmx_of(v);

    if (on)
        x->proc2 |= VMX_PROC2_PML;
    else
        x->proc2 &= ~(u32)VMX_PROC2_PML;
}

void vmx_log_load(struct vmx_vcpu *x)
{
    if (!vmx.pml)
        return;
    vmx_write(VMCS_PML_ADDR, x->log.v);
    vmx_write(VMCS_GUEST_PML_INDEX, LOG_LAST);
}

void vmx_log_exited(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    const u64 *log = port_map(x->log);
    u16 next;

    if (!(x->proc2 & VMX_PROC2_PML))
        return;
    next = (u16)vmx_read(VMCS_GUEST_PML_INDEX);
    if (next == LOG_LAST)
        return;
    next = next > LOG_LAST ? 0 : next + 1;
    dirty_logged(v, log + next, LOG_LAST + 1 - next);
    vmx_write(VMCS_GUEST_PML_INDEX, LOG_LAST);
}
