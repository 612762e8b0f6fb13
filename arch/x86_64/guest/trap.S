/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.S: the entries of the IDT and the way through C and back. */
#include "arch.h"

    .section .entries, "a"
    .balign 8
    .globl trap_entries
trap_entries:

/* The vectors in this mask push an error code themselves: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00

.macro entry vector, target
    .text
    .balign 16
1:
    .if (\vector >= VEC_FIRST) || !(HAS_ERROR_CODE >> (\vector % VEC_FIRST) & 1)
    push $0
    .endif
    push $\vector
    jmp \target
    .section .entries, "a"
    .quad 1b
.endm

    .irp v, 0, 1, 2, 3, 4, 5, 6
    entry \v, enter_exception
    .endr
    entry VEC_NM, enter_no_fpu
    .irp v, 8, 9, 10, 11, 12, 13
    entry \v, enter_exception
    .endr
    entry VEC_PF, enter_page_fault
    .irp v, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    entry \v, enter_exception
    .endr
    .irp v, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff
    entry \v, enter_interrupt
    .endr

/* The CPU aligned the stack before its five words; with our seventeen it is aligned again. SSE is not touched. */
.macro enter name, c_function
    .text
\name:
    cld
    .irp r, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    push %\r
    .endr
    mov %rsp, %rdi
    call \c_function
    .irp r, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    pop %\r
    .endr
    add $16, %rsp
    iretq
.endm

    enter enter_exception, trap_exception
    enter enter_page_fault, trap_page_fault
    enter enter_interrupt, trap_interrupt

/* A thread's first use of SSE or x87 since karch_switch(): its registers come back. */
enter_no_fpu:
    push %rax
    mov %gs:PERCPU_CURRENT, %rax
    clts
    fxrstor64 THREAD_FPU(%rax)
    pop %rax
    add $16, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
