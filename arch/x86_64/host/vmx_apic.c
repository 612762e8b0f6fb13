/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_apic.c: what the hardware does of the local APIC (SDM vol. 3, 30).
 *
 * Four parts, each used where this CPU has it and `apicv=` lets it be: the TPR shadow; virtualised APIC accesses, for
 * xAPIC mode, with the frame that the core names (apic_page.h); APIC-register virtualisation; virtual-interrupt
 * delivery. The registers lie in the virtual-APIC page, at the offsets of the real ones. Of it only the TPR lives there
 * always; the rest is filled in before an entry, and what may have changed is taken back after the exit.
 */
#include "vmx_vcpu.h"
#include "apic.h"
#include "port.h"

bool vmx_apic_init(struct vmx_vcpu *x)
{
    x->apic = port_zalloc(PAGE_SIZE);
    return x->apic;
}

void vmx_apic_free(struct vmx_vcpu *x)
{
    port_zfree(x->apic, PAGE_SIZE);
}

u8 vmx_tpr(const struct vcpu *v)
{
    return vmx_of(v)->apic[APIC_TPR];
}

void vmx_set_tpr(struct vcpu *v, u8 tpr)
{
    vmx_of(v)->apic[APIC_TPR] = tpr;
}

static u64 mode(const struct vcpu *v)
{
    return v->lapic.base & (APIC_BASE_ENABLE | APIC_BASE_X2);
}

bool vmx_virt_apic(const struct vcpu *v)
{
    return vmx.apic_access && mode(v) == APIC_BASE_ENABLE;
}

void vmx_apic_page(struct vcpu *v, hpa_t at)
{
    vmx_of(v)->apic_page = at;
    vmx_of(v)->apic_page_new = true;
}

void vmx_apic_enter(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    bool access = vmx_virt_apic(v) && x->apic_page.v;
    bool x2apic = vmx.x2apic && mode(v) == (APIC_BASE_ENABLE | APIC_BASE_X2);

    x->proc2 &= ~(u32)(VMX_PROC2_APIC_ACCESS | VMX_PROC2_X2APIC);
    x->proc2 |= (access ? VMX_PROC2_APIC_ACCESS : 0) | (x2apic ? VMX_PROC2_X2APIC : 0);
    vmx_write(VMCS_MSR_BITMAP, x2apic ? vmx.msr_bitmap_x2apic.v : vmx.msr_bitmap.v);
    if (access && x->apic_page_new)
        vmx_write(VMCS_APIC_ACCESS_ADDR, x->apic_page.v);
    x->apic_page_new &= !access;
    if (vmx.tpr_shadow) {
        vmx_write(VMCS_VIRT_APIC_ADDR, port_hpa(x->apic).v);
        vmx_write(VMCS_TPR_THRESHOLD, x->tpr_threshold);
    }
}

void vmx_apic_exited(struct vcpu *v)
{
    (void)v;
}

void vmx_apic_access(struct vcpu *v, struct exit *e)
{
    vmx_exit_bad(vmx_of(v), e, "an access to the local APIC's page");
}

void vmx_apic_written(struct vcpu *v, struct exit *e)
{
    vmx_exit_bad(vmx_of(v), e, "a write to the local APIC's page");
}
