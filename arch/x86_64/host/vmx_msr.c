/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_msr.c: where a vCPU under VMX has the MSRs that it does not reach natively. */
#include "vmx_vcpu.h"
#include "guest_msr.h"

enum outcome vmx_msr(struct vcpu *v, struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);

    return guest_msr((struct guest_msrs){&x->efer, &vmx_rest(x)->pat, x->cr0, x->tsc_offset, &x->flush}, e);
}
