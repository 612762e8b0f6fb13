/* SPDX-License-Identifier: BSD-2-Clause */
/* idt.c: descriptor tables: one IDT for all CPUs; for each its GDT, TSS and the stacks of what may hit anywhere. */
#include "arch.h"

#define ALARM_STACK 4096
#define FIRST_ENTRY (VEC_INTERRUPTS - VEC_FIRST) /* trap_entries leaves out the vectors between */

enum { IST_NONE, IST_DOUBLE_FAULT, IST_NMI };

static struct idt_gate idt[VEC_COUNT];

static struct {
    u64 gdt[6];
    struct tss64 tss;
} descriptors[MAX_CPUS];

static struct {
    u8 double_fault[ALARM_STACK], nmi[ALARM_STACK];
} alarm_stacks[MAX_CPUS] __attribute__((aligned(16)));

/* #PF stays on the thread's stack, because the thread sleeps inside it (A4-36). */
static void idt_fill(void)
{
    for (unsigned v = 0; v < VEC_FIRST; v++)
        idt[v] = gate_make(trap_entries[v], SEL_CODE64, IST_NONE, GATE_INT);
    for (unsigned v = VEC_INTERRUPTS; v < VEC_COUNT; v++)
        idt[v] = gate_make(trap_entries[v - FIRST_ENTRY], SEL_CODE64, IST_NONE, GATE_INT);
    idt[VEC_NMI].ist = IST_NMI;
    idt[VEC_DF].ist = idt[VEC_MC].ist = IST_DOUBLE_FAULT;
}

void idt_load(struct percpu *c)
{
    struct tss64 *tss = &descriptors[c->id].tss;
    u64 *gdt = descriptors[c->id].gdt;

    if (!idt[0].type)
        idt_fill();
    tss->ist[IST_DOUBLE_FAULT - 1] = (u64)(uintptr_t)(alarm_stacks[c->id].double_fault + ALARM_STACK);
    tss->ist[IST_NMI - 1] = (u64)(uintptr_t)(alarm_stacks[c->id].nmi + ALARM_STACK);
    tss->iopb = sizeof(*tss);
    gdt[SEL_CODE64 / 8] = GDT_CODE64;
    gdt[SEL_DATA / 8] = GDT_DATA;
    gdt_set_tss(&gdt[SEL_TSS / 8], tss);
    lgdt(&(struct desc_ptr){sizeof(descriptors[0].gdt) - 1, (u64)(uintptr_t)gdt});
    lidt(&(struct desc_ptr){sizeof(idt) - 1, (u64)(uintptr_t)idt});
    ltr(SEL_TSS);
}
