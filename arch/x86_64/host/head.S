/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * head.S: the first instructions of the host: from flat 32-bit protected mode to hyp_main() in long mode.
 *
 * Two doors lead in. PVH, by the ELF note: EBX = struct pvh_start_info. Multiboot2, by the ELF entry: EAX = its magic,
 * EBX = its information. A third, head_ap32, is for the other CPUs, which ap.S brings to the same state.
 */
#include "abi/multiboot2.h"
#include "cpu.h"
#include "desc.h"
#include "msr.h"
#include "page.h"
#include "seg.h"

#define PVH_NOTE_ENTRY 18 /* abi/pvh.h */
#define BOOT_GIB       4 /* what the first page tables map: all that both protocols hand over lies below */

    .section .boot, "ax"
    .balign 8
multiboot2_header:
    .long MB2_HEADER_MAGIC, 0, multiboot2_end - multiboot2_header
    .long -(MB2_HEADER_MAGIC + multiboot2_end - multiboot2_header)
    .short MB2_HEADER_TAG_ALIGN, 0
    .long 8
    .short MB2_HEADER_TAG_END, 0
    .long 8
multiboot2_end:

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, PVH_NOTE_ENTRY
    .asciz "Xen"
    .long head_pvh

    .section .boot, "ax"
    .code32
    .globl head_pvh, head_multiboot2, head_ap32
head_pvh:
    xorl %eax, %eax
head_multiboot2:
    cli
    cld
    movl $boot_stack_top, %esp
    movl %eax, %ebp /* EBP, EBX: kept for hyp_main() */

    /* Identity map in 2 MiB pages. .bss is zero: both protocols load ELF segments. */
    movl $boot_pd, %edi
    movl $(PTE_P | PTE_RW | PTE_PS), %eax
    movl $(BOOT_GIB * PT_ENTRIES), %ecx
1:  movl %eax, (%edi)
    addl $(1 << PT_SHIFT(2)), %eax
    addl $8, %edi
    loop 1b
    movl $boot_pdpt, %edi
    movl $(boot_pd + PTE_P + PTE_RW), %eax
    movl $BOOT_GIB, %ecx
1:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    loop 1b
    movl $(boot_pdpt + PTE_P + PTE_RW), boot_pml4

    lgdt boot_gdt_ptr
    movl $boot_pml4, %eax
    call enable_long
    ljmp $SEG_CODE64, $boot64

/* EAX = root of the page tables. Returns in compatibility mode of long mode, paging on, data segments flat. */
enable_long:
    movl %eax, %cr3
    movl $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $(EFER_LME | EFER_NXE), %eax
    wrmsr
    movl $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    movl %eax, %cr0
    movl $SEG_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    ret

/* An AP arrives from ap.S: flat 32-bit, no stack. ap_start (smp.c) says which CPU it is to become. */
head_ap32:
    movl $SEG_DATA, %eax
    movl %eax, %ds
    movl %eax, %ss
    movl ap_start, %esp
    movl ap_start + 8, %eax
    call enable_long
    ljmp $SEG_CODE64, $ap64

    .code64
boot64:
    movl %ebp, %edi
    movl %ebx, %esi
    movq $boot_stack_top, %rsp
    xorl %ebp, %ebp
    call hyp_main
    ud2

ap64:
    movq ap_start, %rsp
    movq ap_start + 16, %rdi
    xorl %ebp, %ebp
    call smp_ap_main
    ud2

    .section .rodata
    .balign 8
    .globl boot_gdt
boot_gdt:
    .quad 0, GDT_CODE32, GDT_CODE64, GDT_DATA
boot_gdt_ptr:
    .short BOOT_GDT_BYTES - 1
    .long boot_gdt

    .section .bss
    .balign 4096
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip BOOT_GIB * 4096

    .section .note.GNU-stack, "", @progbits
