/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu.c: descriptor tables and stacks of each CPU: one IDT with all 256 vectors, CPL 3 beside CPL 0. */
#include "conf.h"
#include "desc.h"
#include "frame.h"

#define STACK_BYTES 8192
#define DPL3        (3ull << 45)
#define GDT_ENTRIES 8

/* #DF, NMI and #MC may hit anywhere; #PF may not have a stack of its own (A4-36), nor what comes from CPL 3. */
enum { IST_NONE, IST_DOUBLE_FAULT, IST_NMI };

struct cpu cpus[CPUS_MAX];

static struct idt_gate idt[256];
static struct {
    u64 gdt[GDT_ENTRIES];
    struct tss64 tss;
    u8 from_user[STACK_BYTES], double_fault[STACK_BYTES], nmi[STACK_BYTES];
} tables[CPUS_MAX] __attribute__((aligned(16)));

static void gates(void)
{
    for (unsigned v = 0; v < ARRAY_SIZE(idt); v++) {
        void (*entry)(void) = (void (*)(void))(uintptr_t)(trap_entries + v * TRAP_ENTRY_BYTES);
        u8 ist = v == VEC_NMI ? IST_NMI : v == VEC_DF || v == VEC_MC ? IST_DOUBLE_FAULT : IST_NONE;

        idt[v] = gate_make(entry, SEL_CODE64, ist, GATE_INT);
    }
}

static u64 top(u8 *stack)
{
    return (u64)(uintptr_t)stack + STACK_BYTES;
}

void cpu_tables(struct cpu *c)
{
    struct tss64 *tss = &tables[c->id].tss;
    u64 *gdt = tables[c->id].gdt;

    c->self = c;
    wrmsr(MSR_GS_BASE, (u64)(uintptr_t)c);
    if (!idt[0].type)
        gates();
    tss->rsp[0] = top(tables[c->id].from_user);
    tss->ist[IST_DOUBLE_FAULT - 1] = top(tables[c->id].double_fault);
    tss->ist[IST_NMI - 1] = top(tables[c->id].nmi);
    tss->iopb = sizeof(*tss);
    gdt[SEL_CODE64 / 8] = GDT_CODE64;
    gdt[SEL_DATA / 8] = GDT_DATA;
    gdt[SEL_CODE32 / 8] = GDT_CODE32;
    gdt[SEL_USER_CODE / 8] = GDT_CODE64 | DPL3;
    gdt[SEL_USER_DATA / 8] = GDT_DATA | DPL3;
    gdt_set_tss(&gdt[SEL_TSS / 8], tss);
    lgdt(&(struct desc_ptr){sizeof(tables[0].gdt) - 1, (u64)(uintptr_t)gdt});
    lidt(&(struct desc_ptr){sizeof(idt) - 1, (u64)(uintptr_t)idt});
    ltr(SEL_TSS);
}

void cpu_user_stack(void *to)
{
    unsigned id = this_cpu()->id;

    tables[id].tss.rsp[0] = to ? (u64)(uintptr_t)to : top(tables[id].from_user);
}

struct cpu *this_cpu(void)
{
    struct cpu *c;

    __asm__ volatile("mov %%gs:0, %0" : "=r"(c));
    return c;
}
