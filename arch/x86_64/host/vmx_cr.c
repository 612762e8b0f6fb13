/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_cr.c: accesses to control registers that exit: bits of CR0 and CR4 that are not the guest's, and CR8 where there
 * is no TPR shadow (SDM vol. 3, 26.1.3).
 */
#include "vmx_vcpu.h"
#include "apic.h"
#include "desc.h"

#define CR8_RESERVED (~0xfull)

/*
 * Only CR0 bits that the guest sees, and has no effect by, make a MOV to it exit. It is told what it wants to see, and
 * executes the instruction again: then nothing of its own differs, and the hardware does the rest.
 */
static void write_cr0_hidden(struct vmx_vcpu *x, u64 value)
{
    const u64 hidden = CR0_NE | CR0_NW | CR0_CD;

    if (value >> 32 || (value & (CR0_NW | CR0_CD)) == CR0_NW) {
        vmx_event_exception_error(x, VEC_GP, 0);
        return;
    }
    x->cr0 = (x->cr0 & ~hidden) | (value & hidden);
}

static void write_cr8(struct vmx_vcpu *x, u64 value)
{
    if (value & CR8_RESERVED) {
        vmx_event_exception_error(x, VEC_GP, 0);
        return;
    }
    x->apic[APIC_TPR] = (u8)(value << 4);
    vmx_step_over(x);
}

void vmx_cr(struct vmx_vcpu *x)
{
    u64 q = x->qualification, *gpr = &x->gpr[VMX_CR_REGISTER(q)];

    if ((q & VMX_CR_NUMBER) == 0) {
        write_cr0_hidden(x, *gpr);
    } else if ((q & VMX_CR_NUMBER) != 8) { /* what the guest cannot have in CR4 */
        vmx_event_exception_error(x, VEC_GP, 0);
    } else if (VMX_CR_TYPE(q) == VMX_CR_TO) {
        write_cr8(x, *gpr);
    } else {
        *gpr = x->apic[APIC_TPR] >> 4;
        vmx_step_over(x);
    }
}
