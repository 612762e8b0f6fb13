/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_report.c: the register state of a vCPU, for people. */
#include "vmx_vcpu.h"
#include "con.h"

void vmx_report(const struct vcpu *v)
{
    const struct vmx_vcpu *x = vmx_of(v);

    con_host("vcpu %u: rip %016lx rsp %016lx rflags %08lx", v->id, x->rip, x->gpr[RSP], x->rflags);
    con_host("  cr0 %08lx cr2 %016lx efer %04lx", x->cr0, x->cr2, x->efer);
    con_host("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", x->gpr[RAX], x->gpr[RBX], x->gpr[RCX],
             x->gpr[RDX]);
}
