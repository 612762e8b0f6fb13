/* SPDX-License-Identifier: BSD-2-Clause */
/* touch.S: one access each, which a not-present event may be given instead of; then they return 1, else 0. */
#include "cpu.h"
#include "frame.h"

/* A line of the table that trap.c looks a RIP up in. */
.macro told at, resume
    .section .fixups, "a"
    .quad \at, \resume, FIX_TOLD
    .text
.endm

.macro access name, insn:vararg
    .text
    .globl \name
\name:
1:  \insn
    xor %eax, %eax
    ret
    told 1b, touch_told
.endm

/* An access in line, not behind a jump that would end the shadow. */
.macro read_here
1:  mov (%rdi), %rax
    xor %eax, %eax
    ret
    told 1b, touch_told
.endm

    access touch_read, mov (%rdi), %rax
    access touch_write, lock orl $0, (%rdi)

/* movs to %rdi from %rsi */
    access touch_movs, movsq
/* … as the first instruction in the shadow of STI, and of MOV SS */
    .globl touch_after_sti, touch_after_mov_ss
touch_after_sti:
    sti
    read_here
touch_after_mov_ss:
    mov %ss, %eax
    mov %eax, %ss
    read_here
/* … with the trap flag set */
    .globl touch_stepping
touch_stepping:
    pushf
    orl $RFLAGS_TF, (%rsp)
    popf
    read_here

/* The page at %rdi holds a RET. The event comes at its first byte: trap.c compares with cpu.told_rip. */
    .text
    .globl touch_execute, touch_told
touch_execute:
    call *%rdi
    xor %eax, %eax
    ret
touch_told:
    mov $1, %eax
    ret

/* Ends CPL 3; RAX is the result. Not all hosts know INT there. */
.macro user_leave
1:  ud2
    .section .fixups, "a"
    .quad 1b, 0, FIX_LEAVE
    .text
.endm

/* The same at CPL 3. */
.macro user_access name, insn:vararg
    .text
    .globl \name
\name:
    \insn
    xor %eax, %eax
    user_leave
.endm

    user_access user_read, mov (%rdi), %rax
    user_access user_write, lock orl $0, (%rdi)
    user_access user_execute, call *%rdi

/* RAX is the number and the result; which of the two instructions is the vendor's is in the name. */
    .globl user_vmcall, user_vmmcall
user_vmcall:
    mov %rdi, %rax
    vmcall
    user_leave
user_vmmcall:
    mov %rdi, %rax
    vmmcall
    user_leave

    .section .note.GNU-stack, "", @progbits
