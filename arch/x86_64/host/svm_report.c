/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_report.c: the state of a vCPU under SVM, for people. */
#include "svm_vcpu.h"
#include "con.h"
#include "vcpu.h"
#include "x86_report.h"

static struct x86_seg seg(const struct vmcb_seg *s)
{
    return (struct x86_seg){s->selector, s->base, s->limit, s->attr};
}

void svm_report(const struct vcpu *v)
{
    const struct vmcb *c = &v->hw->vmcb;
    const struct svm_gprs *g = &v->hw->gpr;

    x86_report(v, &(struct x86_state){
                      .gpr = {c->rax, g->rcx, g->rdx, g->rbx, c->rsp, g->rbp, g->rsi, g->rdi, g->r8, g->r9,
                              g->r10, g->r11, g->r12, g->r13, g->r14, g->r15},
                      .rip = c->rip,
                      .rflags = c->rflags,
                      .cr0 = c->cr0,
                      .cr2 = c->cr2,
                      .cr3 = c->cr3,
                      .cr4 = c->cr4,
                      .efer = c->efer,
                      .cpl = c->cpl,
                      .code64 = svm_long(c),
                      .cs = seg(&c->cs),
                      .ss = seg(&c->ss),
                      .ds = seg(&c->ds),
                      .tr = seg(&c->tr),
                      .gdtr = seg(&c->gdtr),
                      .idtr = seg(&c->idtr),
                  });
    con_host("  exit %lx info %016lx %016lx delivering %lx injecting %lx shadow %lx", c->exit_code,
             c->exit_info1, c->exit_info2, c->exit_int_info, c->event_inj, c->int_state);
}
