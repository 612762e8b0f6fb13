/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_save.c: a vCPU under SVM as plain bytes, and back.
 *
 * The guest's half of the VMCB is saved as it lies there; of the other half only what the guest can tell: what it
 * intercepts and where the tables are is the host's, and new in every boot.
 */
#include "svm_vcpu.h"
#include "desc.h"
#include "fpu.h"
#include "vcpu.h"
#include "lib/str.h"

#define SVM_STATE_MAGIC 0x314d5653u /* "SVM1" */
#define STATE_FIRST     offsetof(struct vmcb, es)
#define STATE_BYTES     (offsetof(struct vmcb, reserved_670) - STATE_FIRST)
#define EFER_GUEST      (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME)

struct svm_state {
    u32 magic;
    u32 shadow_left, nmi, cr8;
    u64 int_state, event_inj, next_rip, shadow_rip, iret_rip;
    u64 dr[4];
    struct svm_gprs gpr;
    u8 fpu[512];
    u8 vmcb[STATE_BYTES];
};
_Static_assert(sizeof(struct svm_state) <= HW_STATE_BYTES, "hw.h");

void svm_save(const struct vcpu *v, void *to)
{
    const struct hw_vcpu *hw = v->hw;
    struct svm_state *s = to;

    *s = (struct svm_state){.magic = SVM_STATE_MAGIC,
                            .shadow_left = hw->shadow_left,
                            .nmi = hw->nmi,
                            .cr8 = hw->vmcb.v_intr & SVM_V_TPR,
                            .int_state = hw->vmcb.int_state & SVM_INT_SHADOW,
                            .event_inj = hw->vmcb.event_inj,
                            .next_rip = hw->next_rip,
                            .shadow_rip = hw->shadow_rip,
                            .iret_rip = hw->iret_rip,
                            .gpr = hw->gpr};
    memcpy(s->dr, hw->dr, sizeof(s->dr));
    memcpy(s->fpu, hw->fpu, sizeof(s->fpu));
    memcpy(s->vmcb, (const u8 *)&hw->vmcb + STATE_FIRST, STATE_BYTES);
}

/* What would make the host fault, or its loop misbehave. The rest VMRUN checks: it harms the guest alone. */
bool svm_restorable(const void *from)
{
    const struct svm_state *s = from;
    u64 efer;

    memcpy(&efer, s->vmcb + offsetof(struct vmcb, efer) - STATE_FIRST, sizeof(efer));
    return s->magic == SVM_STATE_MAGIC && s->nmi <= NMI_IN_IRET && s->cr8 <= SVM_V_TPR &&
           fpu_restorable(s->fpu) && !(efer & ~(u64)EFER_GUEST) && (efer & EFER_SVME);
}

void svm_restore(struct vcpu *v, const void *from)
{
    struct hw_vcpu *hw = v->hw;
    const struct svm_state *s = from;

    svm_init(v);
    memcpy((u8 *)&hw->vmcb + STATE_FIRST, s->vmcb, STATE_BYTES);
    memcpy(hw->dr, s->dr, sizeof(hw->dr));
    memcpy(hw->fpu, s->fpu, sizeof(hw->fpu));
    hw->gpr = s->gpr;
    hw->vmcb.int_state = s->int_state;
    hw->vmcb.event_inj = s->event_inj;
    hw->vmcb.v_intr |= s->cr8;
    hw->next_rip = s->next_rip;
    hw->shadow_rip = s->shadow_rip;
    hw->shadow_left = s->shadow_left;
    hw->iret_rip = s->iret_rip;
    hw->nmi = s->nmi;
    if (hw->nmi == NMI_IN_HANDLER)
        hw->vmcb.intercept_misc1 |= SVM_MISC1_IRET;
}

void svm_set_tsc_offset(struct vcpu *v, u64 offset)
{
    v->hw->vmcb.tsc_offset = offset;
}
