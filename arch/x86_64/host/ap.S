/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ap.S: the real-mode instructions a started CPU executes first; smp.c copies them to a page below 1 MiB.
 *
 * They run with CS:0 at that page, so addresses of their own are relative to ap_code; head.S goes on from there.
 */
#include "cpu.h"
#include "seg.h"

    .section .rodata
    .globl ap_code, ap_code_end
    .code16
ap_code:
    cli
    cld
    lgdtl %cs:ap_gdt_ptr - ap_code
    movl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $SEG_CODE32, $head_ap32
    .balign 4
ap_gdt_ptr:
    .short BOOT_GDT_BYTES - 1
    .long boot_gdt
ap_code_end:

    .section .note.GNU-stack, "", @progbits
