/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_shadow.c: keep the guest's interrupt shadow across an exit, also where VMRUN forgets it.
 *
 * After STI, or a load of SS, no interrupt is recognised before the next instruction is done; `sti; hlt` never loses a
 * wake-up because of that. If the next instruction exits unfinished (its page is missing, a host interrupt came, or it
 * is to be executed again), the VMCB says so in int_state, and VMRUN is to restore it (APM vol. 2, 15.21.5). QEMU does
 * not: a pending interrupt then comes in before the HLT, which sleeps for ever.
 *
 * So we step back onto the STI with IF = 0: the guest executes it again, and the hardware makes the shadow anew. That
 * is right wherever the byte before RIP is an STI that may be executed, however the shadow came about. Where it is not
 * (SS was loaded), we hold injections back for a few entries, and then give in.
 */
#include "svm_vcpu.h"
#include "hw.h"
#include "vcpu.h"

#define OPCODE_STI     0xfb
#define SHADOW_ENTRIES 4 /* entries for which an instruction that does not complete holds interrupts back */

/*
 * Exits that came between instructions, or undid one: RIP is where the guest goes on. Of others svm_again() tells; an
 * instruction at the local APIC's page is one that will be completed.
 */
static bool interrupted(const struct vcpu *v)
{
    const struct vmcb *c = &v->hw->vmcb;

    switch (c->exit_code) {
    case SVM_EXIT_NPF:
        return !lapic_at(v, (gpa_t){c->exit_info2});
    case SVM_EXIT_INTR:
    case SVM_EXIT_NMI:
    case SVM_EXIT_INIT:
        return true;
    default:
        return false;
    }
}

static bool step_back(struct vcpu *v)
{
    struct vmcb *c = &v->hw->vmcb;
    u8 opcode;

    if (c->cpl || !(c->rflags & RFLAGS_IF) || c->exit_int_info & SVM_EVENT_VALID || !c->rip)
        return false;
    if (!svm_code(v, c->rip - 1, &opcode, 1) || opcode != OPCODE_STI)
        return false;
    c->rip--;
    c->rflags &= ~(u64)RFLAGS_IF;
    svm_shadow_end(v->hw);
    return true;
}

void svm_shadow_exit(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;

    if (hw->vmcb.int_state & SVM_INT_SHADOW) {
        if (interrupted(v) && step_back(v))
            return;
        if (!hw->shadow_left || hw->shadow_rip != hw->vmcb.rip) {
            hw->shadow_rip = hw->vmcb.rip;
            hw->shadow_left = SHADOW_ENTRIES;
            return;
        }
    }
    if (hw->shadow_left)
        hw->shadow_left = hw->shadow_rip == hw->vmcb.rip ? hw->shadow_left - 1 : 0;
}

/* If there is no STI to step back onto, the shadow is being watched already. */
void svm_again(struct vcpu *v)
{
    if (v->hw->vmcb.int_state & SVM_INT_SHADOW)
        (void)step_back(v);
}
