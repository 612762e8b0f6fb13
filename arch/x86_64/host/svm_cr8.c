/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_cr8.c: a MOV to CR8 that we intercepted, with or without the hardware's help to read it.
 *
 * Its forms: REX.R 0f 22 with register 0 in ModRM (REX.B extends the general
 * register), and, for code that cannot have a REX prefix, f0 0f 22 (APM vol. 3, MOV CRn).
 */
#include "svm_vcpu.h"
#include "desc.h"
#include "port.h"
#include "vcpu.h"

#define CR8_LENGTH 4
#define REX_R      0x44 /* with any of W, X, B */
#define REX_WXB    0x0b
#define REX_B      0x01
#define LOCK       0xf0

enum form {
    FORM_KNOWN,
    FORM_UNKNOWN,
    FORM_ABSENT, /* the code went away since it was fetched */
};

static enum form read_code(struct vcpu *v, unsigned *gpr)
{
    u8 code[CR8_LENGTH];
    bool rex;

    if (svm_code(v, v->hw->vmcb.rip, code, sizeof(code)) < sizeof(code))
        return FORM_ABSENT;
    rex = (code[0] & ~REX_WXB) == REX_R;
    if ((!rex && code[0] != LOCK) || code[1] != 0x0f || code[2] != 0x22 || code[3] >> 3 & 7)
        return FORM_UNKNOWN;
    *gpr = (code[3] & 7) | (rex && code[0] & REX_B ? 8 : 0);
    return FORM_KNOWN;
}

bool svm_cr8_write(struct vcpu *v)
{
    struct hw_vcpu *hw = v->hw;
    struct vmcb *c = &hw->vmcb;
    unsigned gpr = c->exit_info1 & SVM_CR_GPR;
    enum form form = svm.decode ? FORM_KNOWN : read_code(v, &gpr);
    u64 value;

    /* Absent code is fetched by running it again. */
    if (form != FORM_KNOWN)
        return form == FORM_ABSENT;
    value = *svm_gpr(hw, gpr);
    if (value & ~SVM_V_TPR) {
        svm_event_exception_error(hw, VEC_GP, 0);
        return true;
    }
    c->v_intr = (c->v_intr & ~SVM_V_TPR) | value;
    hw->next_rip = svm.nrips ? c->next_rip : c->rip + CR8_LENGTH;
    svm_step_over(hw);
    return true;
}
