/* SPDX-License-Identifier: BSD-2-Clause */
/* switch.S: from one thread to another; and the one place where a CPU waits for an interrupt. */
#include "arch.h"
#include "cpu.h"

    .text
/*
 * void karch_switch(struct thread *from, struct thread *to). The kernel uses no SSE. A program's registers are saved if
 * it used them since it was switched to, and come back when it uses them again: CR0.TS is set until then (SDM vol. 3,
 * 13.4), and trap.S restores. Most threads that miss pages never do; and in QEMU 7.2 each FXRSTOR can disturb the first
 * CPU's world switches (docs/emulators.md). docs/threads.md has the figures.
 *
 * The thread pointer is set by WRFSBASE, one instruction where WRMSR takes four; trap_exception() does its work on a
 * CPU that has none.
 */
    .globl karch_switch, switch_tls
karch_switch:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %cr0, %rax
    test $CR0_TS, %al
    jnz 1f
    fxsave64 THREAD_FPU(%rdi)
    or $CR0_TS, %rax
    mov %rax, %cr0
1:
    mov %rsp, THREAD_SP(%rdi)
    mov THREAD_SP(%rsi), %rsp
    mov THREAD_TLS(%rsi), %rax
switch_tls:
    wrfsbase %rax
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
