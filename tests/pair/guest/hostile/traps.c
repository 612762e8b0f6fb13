/* SPDX-License-Identifier: BSD-2-Clause */
/* traps.c: gates in the kernel's IDT that count what comes and go on behind it. */
#include "cpu.h"
#include "desc.h"
#include "hostile.h"
#include "msr.h"

#define GATES 256

u32 traps_seen, traps_swallowed;
u64 trap_resume;
void trap_skip(void), trap_skip_error(void), trap_swallow(void), trap_swallow_nmi(void);

__asm__(".globl trap_skip, trap_skip_error, trap_swallow, trap_swallow_nmi\n"
        "trap_skip_error:\n"
        "    add $8, %rsp\n"
        "trap_skip:\n"
        "    incl traps_seen(%rip)\n"
        "    push %rax\n"
        "    mov trap_resume(%rip), %rax\n"
        "    mov %rax, 8(%rsp)\n"
        "    pop %rax\n"
        "    iretq\n"
        "trap_swallow:\n"
        "    push %rax\n"
        "    push %rcx\n"
        "    push %rdx\n"
        "    mov $0x80b, %ecx\n" /* x2APIC: end of interrupt */
        "    xor %eax, %eax\n"
        "    xor %edx, %edx\n"
        "    wrmsr\n"
        "    pop %rdx\n"
        "    pop %rcx\n"
        "    pop %rax\n"
        "trap_swallow_nmi:\n"
        "    lock incl traps_swallowed(%rip)\n"
        "    iretq\n");

static struct idt_gate *idt(void)
{
    struct desc_ptr at;

    __asm__ volatile("sidt %0" : "=m"(at));
    return (struct idt_gate *)(uintptr_t)at.base;
}

static void set(unsigned vector, void (*entry)(void))
{
    idt()[vector] = gate_make(entry, idt()[VEC_DF].selector, 0, GATE_INT);
}

void traps_catch(void)
{
    set(VEC_UD, trap_skip);
    set(VEC_BP, trap_skip);
    set(VEC_GP, trap_skip_error);
}

void traps_swallow(void)
{
    for (unsigned v = VEC_FIRST; v < GATES; v++)
        if (!idt()[v].type)
            set(v, trap_swallow);
    set(VEC_NMI, trap_swallow_nmi);
}
