/* SPDX-License-Identifier: BSD-2-Clause */
/* paging.S: into 32-bit protected mode without paging and back. */
#include "cpu.h"
#include "frame.h"

/*
 * rax, rcx, rdx are free; what is done without paging is 32-bit code. Its data segment has to be loaded: an IRET to
 * CPL 3 has emptied DS, and only 64-bit code does not mind (SDM vol. 2, IRET).
 */
.macro without_paging what:vararg
    mov %rsp, %r8
    push $SEL_CODE32
    push $1f
    lretq
    .code32
1:  mov $SEL_DATA, %eax
    mov %eax, %ds
    mov %cr0, %eax
    and $~CR0_PG, %eax
    mov %eax, %cr0
    \what
    mov %eax, %esi
    mov %cr0, %eax
    or $CR0_PG, %eax
    mov %eax, %cr0
    ljmp $SEL_CODE64, $2f
    .code64
2:  mov %r8, %rsp
    mov %esi, %eax
    ret
.endm

.macro read_open
    sti
    nop
    mov (%edi), %eax
    cli
.endm

    .text
    .globl paging_off, paging_off_read, told_32
paging_off:
    without_paging call spin_32
paging_off_read:
    without_paging read_open

/* The handler of #PF there. */
    .code32
told_32:
    incl paging_off_told
    add $4, %esp /* the error code */
    iret

/* Until the TSC has gone %edi further. */
    .code32
spin_32:
    rdtsc
    mov %eax, %ecx
1:  pause
    rdtsc
    sub %ecx, %eax
    cmp %edi, %eax
    jb 1b
    ret
    .code64

    .section .note.GNU-stack, "", @progbits
