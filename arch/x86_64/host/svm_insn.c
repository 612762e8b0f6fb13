/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_insn.c: the instruction that exited, where the exit does not say enough: its bytes, the registers it names. */
#include "svm_vcpu.h"
#include "gwalk.h"
#include "vcpu.h"

u64 *svm_gpr(struct hw_vcpu *hw, unsigned number)
{
    struct svm_gprs *g = &hw->gpr;
    u64 *const by_number[16] = {&hw->vmcb.rax, &g->rcx, &g->rdx, &g->rbx, &hw->vmcb.rsp, &g->rbp,
                                &g->rsi,       &g->rdi, &g->r8,  &g->r9,  &g->r10,       &g->r11,
                                &g->r12,       &g->r13, &g->r14, &g->r15};

    return by_number[number];
}

size_t svm_code(struct vcpu *v, u64 rip, u8 *to, size_t n)
{
    const struct vmcb *c = &v->hw->vmcb;
    struct gwalk w = {c->cr0, c->cr3, c->cr4, c->efer};

    return gwalk_read(v->vm, &w, (gva_t){svm_long(c) ? rip : (u32)(c->cs.base + rip)}, to, n);
}
