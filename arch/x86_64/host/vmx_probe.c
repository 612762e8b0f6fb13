/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_probe.c: does an exit name the virtual interrupt whose delivery it ended (SDM vol. 3, 28.2.4)? Not in Bochs. */
#include "vmx_vcpu.h"
#include "apic.h"
#include "port.h"
#include "lib/str.h"

#define VECTOR 0x40

/* A guest whose interrupt is due at once, and that has no memory to look its handler up in. */
static u32 deliver_into_nothing(struct vmx_vcpu *x)
{
    u32 vectoring = 0;

    vmx_vmcs_load(x);
    *(u32 *)(x->apic + APIC_IRR + (VECTOR / 32 << 4)) = BIT(VECTOR % 32);
    vmx_write(VMCS_GUEST_INT_STATUS, VECTOR);
    vmx_write(VMCS_VIRT_APIC_ADDR, port_hpa(x->apic).v);
    vmx_write(VMCS_TPR_THRESHOLD, 0);
    vmx_write(VMCS_MSR_BITMAP, vmx.msr_bitmap.v);
    x->proc2 |= VMX_PROC2_INTR;
    x->rflags |= RFLAGS_IF;
    vmx_vmcs_enter(x);
    if (vmx_enter(x->gpr, false))
        vectoring = (u32)vmx_read(VMCS_VECTORING);
    vmx_vmcs_put(x);
    return vectoring;
}

bool vmx_delivery_named(void)
{
    static struct vcpu v;
    u32 vectoring;
    hpa_t root;

    if (!port_frame_alloc(&root))
        return true;
    if (!vmx_vcpu_init(&v)) {
        port_frame_free(root);
        return true;
    }
    memset(port_map(root), 0, PAGE_SIZE);
    vmx_set_root(&v, root);
    vectoring = deliver_into_nothing(vmx_of(&v));
    vmx_vcpu_free(&v);
    port_frame_free(root);
    return !(vectoring & VMX_EVENT_VALID) || vectoring == ((u32)VMX_EVENT_VALID | VMX_EVENT_INTR | VECTOR);
}
