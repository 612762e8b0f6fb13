/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_run.S: the world switch: bool vmx_enter(u64 *gpr, bool launched).
 *
 * VMLAUNCH and VMRESUME exchange the rest of the registers by the VMCS. An exit comes back at vmx_exited with the RSP
 * that is stored here, interrupts off. The interrupt that ended the run is still pending.
 */
#include "vmx.h"
#include "vmx_vcpu.h"

#define GPR(n) (n * GPR_BYTES)(%rdi)

    .text
    .globl vmx_enter
    .balign 16
vmx_enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdi
    movl $VMCS_HOST_RSP, %eax
    vmwrite %rsp, %rax
    testl %esi, %esi
    movq GPR(0), %rax
    movq GPR(1), %rcx
    movq GPR(2), %rdx
    movq GPR(3), %rbx
    movq GPR(5), %rbp
    movq GPR(6), %rsi
    movq GPR(8), %r8
    movq GPR(9), %r9
    movq GPR(10), %r10
    movq GPR(11), %r11
    movq GPR(12), %r12
    movq GPR(13), %r13
    movq GPR(14), %r14
    movq GPR(15), %r15
    movq GPR(7), %rdi
    jnz 1f
    vmlaunch
    jmp 2f
1:  vmresume
2:  addq $8, %rsp /* the entry failed */
    xorl %eax, %eax
    jmp 3f

    .globl vmx_exited
vmx_exited:
    xchgq %rdi, (%rsp) /* RDI = gpr, its slot = the guest's RDI */
    movq %rax, GPR(0)
    movq %rcx, GPR(1)
    movq %rdx, GPR(2)
    movq %rbx, GPR(3)
    movq %rbp, GPR(5)
    movq %rsi, GPR(6)
    movq %r8, GPR(8)
    movq %r9, GPR(9)
    movq %r10, GPR(10)
    movq %r11, GPR(11)
    movq %r12, GPR(12)
    movq %r13, GPR(13)
    movq %r14, GPR(14)
    movq %r15, GPR(15)
    popq GPR(7)
    movl $1, %eax
3:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

    .section .note.GNU-stack, "", @progbits
