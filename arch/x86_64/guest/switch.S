/* SPDX-License-Identifier: BSD-2-Clause */
/* switch.S: from one thread to another; and the one place where a CPU waits for an interrupt. */
#include "arch.h"

    .text
/* void karch_switch(struct thread *from, struct thread *to): the kernel uses no SSE, so this saves the programs'. */
    .globl karch_switch
karch_switch:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    fxsave64 THREAD_FPU(%rdi)
    mov %rsp, THREAD_SP(%rdi)
    mov THREAD_SP(%rsi), %rsp
    fxrstor64 THREAD_FPU(%rsi)
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

/*
 * void karch_wait(void). STI takes effect after the next instruction, so an interrupt ends the HLT, never comes before
 * it: on a host that gets this wrong trap_interrupt() finds itself between the two and skips the HLT.
 */
    .globl karch_wait, karch_wait_hlt
karch_wait:
    sti
karch_wait_hlt:
    hlt
    cli
    ret

    .section .note.GNU-stack, "", @progbits
