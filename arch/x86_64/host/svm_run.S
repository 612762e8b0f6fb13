/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm_run.S: the world switch: void svm_enter(struct svm_gprs *g, u64 vmcb_hpa, u64 host_state).
 *
 * CLGI holds all interrupts while the guest's registers are loaded; IF = 1 at VMRUN is what lets a physical interrupt
 * end the guest's run (APM vol. 2, 15.21.1). It is not acknowledged then: it stays pending until IF is set again.
 */
#include "svm_vcpu.h"

    .text
    .globl svm_enter
    .balign 16
svm_enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx /* host_state */
    pushq %rdi /* g */
    movq %rsi, %rax
    movq GPR_RBX(%rdi), %rbx
    movq GPR_RCX(%rdi), %rcx
    movq GPR_RDX(%rdi), %rdx
    movq GPR_RSI(%rdi), %rsi
    movq GPR_RBP(%rdi), %rbp
    movq GPR_R8(%rdi), %r8
    movq GPR_R9(%rdi), %r9
    movq GPR_R10(%rdi), %r10
    movq GPR_R11(%rdi), %r11
    movq GPR_R12(%rdi), %r12
    movq GPR_R13(%rdi), %r13
    movq GPR_R14(%rdi), %r14
    movq GPR_R15(%rdi), %r15
    movq GPR_RDI(%rdi), %rdi
    clgi
    sti
    vmload %rax
    vmrun %rax
    .globl svm_exited
svm_exited:
    vmsave %rax
    xchgq %rdi, (%rsp) /* RDI = g, its slot = the guest's RDI */
    movq %rbx, GPR_RBX(%rdi)
    movq %rcx, GPR_RCX(%rdi)
    movq %rdx, GPR_RDX(%rdi)
    movq %rsi, GPR_RSI(%rdi)
    movq %rbp, GPR_RBP(%rdi)
    movq %r8, GPR_R8(%rdi)
    movq %r9, GPR_R9(%rdi)
    movq %r10, GPR_R10(%rdi)
    movq %r11, GPR_R11(%rdi)
    movq %r12, GPR_R12(%rdi)
    movq %r13, GPR_R13(%rdi)
    movq %r14, GPR_R14(%rdi)
    movq %r15, GPR_R15(%rdi)
    popq GPR_RDI(%rdi)
    popq %rax
    vmload %rax
    cli
    stgi
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/* svm_probe.c's guest, in 32-bit mode without a stack: time for an interrupt to arrive, then HLT, which exits. */
    .code32
    .globl svm_probe_guest
svm_probe_guest:
    movl $10000, %ecx
1:  decl %ecx
    jnz 1b
    hlt
    .code64

    .section .note.GNU-stack, "", @progbits
