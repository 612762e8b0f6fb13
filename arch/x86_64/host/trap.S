/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.S: the 256 entries of the host's IDT, each 16 bytes long, and the way back. */
#include "trap.h"

/* Exceptions 8, 10-14, 17, 21, 29 and 30 push an error code themselves (APM vol. 2, 8.2). */
#define PUSHES_ERROR 0x60227d00

    .text
    .balign 16
    .globl trap_entries
trap_entries:
vector = 0
    .rept 256
    .balign 16
    .if vector >= 32 || !((PUSHES_ERROR >> (vector & 31)) & 1)
    pushq $0
    .endif
    pushq $vector
    jmp trap_common
vector = vector + 1
    .endr

    .balign 16
trap_common:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    call trap_handle
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
