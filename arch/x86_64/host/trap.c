/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.c: the host's descriptor tables, its four interrupts, and the report about any exception, which is a bug. */
#include "trap.h"
#include "backend.h"
#include "clock.h"
#include "cpu.h"
#include "lib/atomic.h"
#include "msr.h"
#include "con.h"
#include "smp.h"
#include "stop.h"
#include "xapic.h"

#define TRAP_ENTRY_SIZE 16
#define IST_EMERGENCY   1
#define STACK_WORDS     256 /* looked through for return addresses */
#define STACK_NAMED     8   /* printed at most */

extern u8 trap_entries[], image_start[], text_end[];
extern const u64 boot_gdt[];

static struct idt_gate idt[256];

static const char *const exception_names[] = {
    [0] = "divide error",
    [1] = "debug",
    [2] = "NMI",
    [3] = "breakpoint",
    [6] = "invalid opcode",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack fault",
    [13] = "general protection",
    [14] = "page fault",
    [17] = "alignment check",
    [18] = "machine check",
};

static void idt_fill(void)
{
    for (unsigned v = 0; v < 256; v++) {
        bool emergency = v == VEC_NMI || v == VEC_DF || v == VEC_MC;

        idt[v] = gate_make((void (*)(void))(trap_entries + v * TRAP_ENTRY_SIZE), SEG_CODE64,
                           emergency ? IST_EMERGENCY : 0, GATE_INT);
    }
}

void trap_init_cpu(struct cpu *c)
{
    struct desc_ptr gdtr = {sizeof(c->gdt) - 1, (uintptr_t)c->gdt};
    struct desc_ptr idtr = {sizeof(idt) - 1, (uintptr_t)idt};

    if (!c->id)
        idt_fill();
    for (unsigned i = 0; i < SEG_TSS / sizeof(u64); i++)
        c->gdt[i] = boot_gdt[i];
    c->tss = (struct tss64){.iopb = sizeof(c->tss)};
    c->tss.ist[IST_EMERGENCY - 1] = (uintptr_t)(c->emergency + sizeof(c->emergency));
    gdt_set_tss(&c->gdt[SEG_TSS / sizeof(u64)], &c->tss);
    lgdt(&gdtr);
    ltr(SEG_TSS);
    lidt(&idtr);
    c->self = c;
    wrmsr(MSR_GS_BASE, (uintptr_t)c);
}

u64 trap_idt(void)
{
    return (uintptr_t)idt;
}

static void report_stack(const struct trap_frame *f)
{
    const u64 *sp = (const u64 *)(uintptr_t)ROUND_DOWN(f->rsp, sizeof(u64));
    const u64 *page_end = (const u64 *)(uintptr_t)ROUND_UP(f->rsp + 1, PAGE_SIZE);
    unsigned named = 0;

    /* Not beyond the page RSP is in: what follows may be a guard page. */
    for (unsigned i = 0; i < STACK_WORDS && sp + i < page_end && named < STACK_NAMED; i++) {
        if (sp[i] >= (uintptr_t)image_start && sp[i] < (uintptr_t)text_end) {
            con_host("  called from perhaps 0x%lx", sp[i]);
            named++;
        }
    }
}

static _Noreturn void report(const struct trap_frame *f)
{
    const char *name = f->vector < ARRAY_SIZE(exception_names) ? exception_names[f->vector] : NULL;

    stop_claim();
    con_host("panic: %s (vector %lu, error 0x%lx) at rip 0x%lx on cpu %u", name ? name : "unexpected vector",
             f->vector, f->error, f->rip, this_cpu()->id);
    con_host("  rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
    con_host("  rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi, f->rbp, f->rsp);
    con_host("  r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10, f->r11);
    con_host("  r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14, f->r15);
    con_host("  cr0 %08lx cr2 %016lx cr3 %016lx cr4 %08lx flags %08lx cs %02lx ss %02lx", read_cr0(),
             read_cr2(), read_cr3(), read_cr4(), f->rflags, f->cs, f->ss);
    if (f->vector != VEC_DF)
        report_stack(f);
    stop_panic();
}

/* Interrupts only leave a note; all work happens in the CPU's loop (D3). */
void trap_handle(struct trap_frame *f)
{
    struct cpu *c = this_cpu();

    switch (f->vector) {
    case VEC_TIMER:
        c->timer_irqs++;
        clock_irq();
        break;
    case VEC_KICK:
        c->kick_irqs++;
        break;
    case VEC_STORE:
        c->store_irqs++;
        break;
    case VEC_NMI:
        if (!hw_kick_nmi() || stop_claimed())
            report(f);
        return; /* a kick, whose interrupt is what wakes: this one may come between a look at `woken` and HLT */
    case VEC_SPURIOUS:
        return; /* takes no EOI */
    default:
        report(f);
    }
    c->woken = true;
    xapic_eoi();
}
