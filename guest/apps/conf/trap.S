/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.S: 256 entries of the IDT, one way through C; and the ways into CPL 3 and out of it. */
#include "desc.h"
#include "frame.h"

/* The vectors in this mask push an error code themselves: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00

    .text
    .balign TRAP_ENTRY_BYTES
    .globl trap_entries
trap_entries:
    .set v, 0
    .rept 256
    .balign TRAP_ENTRY_BYTES
    .if (v >= VEC_FIRST) || !(HAS_ERROR_CODE >> (v % VEC_FIRST) & 1)
    push $0
    .endif
    push $v
    jmp enter
    .set v, v + 1
    .endr

enter:
    cld
    .irp r, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    push %\r
    .endr
    mov %rsp, %rdi
    call trap
    .irp r, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    pop %\r
    .endr
    add $16, %rsp
    iretq

/* u64 user_enter(rip, arg, rsp, rflags, &saved_rsp): runs there at CPL 3 until user_leave() makes it return. */
    .globl user_enter, user_left
user_enter:
    .irp r, rbx, rbp, r12, r13, r14, r15
    push %\r
    .endr
    mov %rsp, (%r8)
    push $SEL_USER_DATA
    push %rdx
    push %rcx
    push $SEL_USER_CODE
    push %rdi
    mov %rsi, %rdi
    iretq
user_left:
    .irp r, r15, r14, r13, r12, rbp, rbx
    pop %\r
    .endr
    ret

    .section .note.GNU-stack, "", @progbits
