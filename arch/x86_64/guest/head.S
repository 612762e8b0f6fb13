/* SPDX-License-Identifier: BSD-2-Clause */
/* head.S: from a loader's 32-bit entry, or a start-up IPI's 16-bit one, to C in long mode. */
#include "arch.h"
#include "cpu.h"
#include "msr.h"
#include "page.h"

#define MB_MAGIC 0x1badb002
#define MB_FLAGS 0x3 /* modules page-aligned, memory information */

    .section .multiboot, "a"
    .balign 4
    .long MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long head_pvh

/*
 * The first GiB, identity-mapped in 2 MiB pages; the lowest 2 MiB in 4 KiB pages, so that page 0 can be
 * taken away. pmap.c adds the rest. Accessed and dirty bits are set, so the CPU never writes here.
 */
#define TABLE (PTE_P | PTE_RW | PTE_A)
#define LEAF  (PTE_P | PTE_RW | PTE_A | PTE_D)

    .section .data.head, "aw"
    .balign 4096
    .globl boot_pml4
boot_pml4:
    .quad boot_pdpt + TABLE
    .fill 511, 8, 0
boot_pdpt:
    .quad boot_pd + TABLE
    .fill 511, 8, 0
boot_pd:
    .quad boot_pt + TABLE
    .set i, 1
    .rept 511
    .quad (i << 21) + LEAF + PTE_PS
    .set i, i + 1
    .endr
boot_pt:
    .set i, 0
    .rept 512
    .quad (i << 12) + LEAF
    .set i, i + 1
    .endr

boot_gdt:
    .quad 0, GDT_CODE64, GDT_DATA, GDT_CODE32
boot_gdt_end:
boot_gdt_ptr:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .balign 8
    .globl head_tsc, ap_sp, ap_percpu
head_tsc:
    .quad 0
ap_sp:
    .quad 0
ap_percpu:
    .quad 0

    .section .text.head, "ax"
    .code32
    .globl head_pvh, head_multiboot
head_pvh:
    mov $BOOT_PVH, %edi
    jmp 1f
head_multiboot:
    mov $BOOT_MULTIBOOT, %edi
1:  rdtsc
    mov %eax, head_tsc
    mov %edx, head_tsc + 4
    mov %ebx, %esi
    cli
    cld
    lgdt boot_gdt_ptr
    mov $first_cpu, %ebp
    jmp enter_long_mode

/* Continues at %ebp in 64-bit mode, with the data segments loaded; keeps %edi and %esi. */
enter_long_mode:
    mov $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    mov %eax, %cr4
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    mov $EFER_LME, %eax
    xor %edx, %edx
    wrmsr
    mov $(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
    mov %eax, %cr0
    ljmp $SEL_CODE64, $1f
    .code64
1:  mov $SEL_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    fninit
    mov %ebp, %eax
    xor %ebp, %ebp
    jmp *%rax

first_cpu:
    mov $first_stack_end, %esp
    call arch_start

other_cpu:
    mov ap_sp, %rsp
    mov ap_percpu, %rdi
    call arch_ap_start

    .code32
other_cpu_32:
    mov $SEL_DATA, %eax
    mov %eax, %ds
    mov $other_cpu, %ebp
    jmp enter_long_mode

/* Copied to AP_PAGE; real mode, CS = AP_PAGE >> 4. */
    .code16
    .globl ap_code, ap_code_end
ap_code:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl ap_gdt_ptr - ap_code
    mov %cr0, %eax
    or $CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $SEL_CODE32, $other_cpu_32
    .balign 4
ap_gdt_ptr:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
ap_code_end:

    .section .note.GNU-stack, "", @progbits
