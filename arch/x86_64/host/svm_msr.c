/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_msr.c: where a vCPU under SVM has the MSRs that it does not reach natively. */
#include "svm_vcpu.h"
#include "guest_msr.h"
#include "vcpu.h"

enum outcome svm_msr(struct vcpu *v, struct exit *e)
{
    struct vmcb *c = &v->hw->vmcb;

    return guest_msr((struct guest_msrs){&c->efer, &c->g_pat, c->cr0, c->tsc_offset, &v->hw->flush}, e);
}
