/* SPDX-License-Identifier: BSD-2-Clause */
/* touch.S: one access each, which a not-present event may be given instead of; then they return 1, else 0. */
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

    access touch_read, mov (%rdi), %rax
    access touch_write, lock orl $0, (%rdi)

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

/* The same at CPL 3, where INT leaves. */
.macro user_access name, insn:vararg
    .text
    .globl \name
\name:
    \insn
    xor %eax, %eax
    int $USER_LEAVE
.endm

    user_access user_read, mov (%rdi), %rax
    user_access user_write, lock orl $0, (%rdi)
    user_access user_execute, call *%rdi

    .section .note.GNU-stack, "", @progbits
