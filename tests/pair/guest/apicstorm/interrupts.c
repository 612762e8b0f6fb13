/* SPDX-License-Identifier: BSD-2-Clause */
/* interrupts.c: send interrupts of all kinds, one at a time of each, and count them as they come. */
#include "storm.h"
#include "cpu.h"
#include "desc.h"

#define VEC_IPI     0x60 /* + the sender */
#define VEC_TIMER   0x71 /* of the storm */
#define TIMER_SHIFT 12   /* its count: 2^12 and more ticks */
#define IRR_BITS    32

/* A gate's entry leaves its vector in EDI. All registers that C may change are kept; SSE is not touched. */
#define ENTRY(vector)              \
    "storm_entry_" #vector ":\n"   \
    "    push %rdi\n"              \
    "    mov $" #vector ", %edi\n" \
    "    jmp storm_enter\n"
#define ENTRIES(each) \
    each(0x60) each(0x61) each(0x62) each(0x63) each(0x64) each(0x65) each(0x66) each(0x67) each(0x71)

__asm__(
    ENTRIES(ENTRY) "storm_enter:\n"
                   "    cld\n"
                   "    push %rax\n"
                   "    push %rcx\n"
                   "    push %rdx\n"
                   "    push %rsi\n"
                   "    push %r8\n"
                   "    push %r9\n"
                   "    push %r10\n"
                   "    push %r11\n"
                   "    push %rbp\n" /* and the stack is aligned: the CPU pushed five words, we push ten */
                   "    sub $8, %rsp\n"
                   "    call storm_interrupt\n"
                   "    add $8, %rsp\n"
                   "    pop %rbp\n"
                   "    pop %r11\n"
                   "    pop %r10\n"
                   "    pop %r9\n"
                   "    pop %r8\n"
                   "    pop %rsi\n"
                   "    pop %rdx\n"
                   "    pop %rcx\n"
                   "    pop %rax\n"
                   "    pop %rdi\n"
                   "    iretq\n");

#define DECLARE(vector) void storm_entry_##vector(void);
ENTRIES(DECLARE)
void storm_interrupt(u32 vector);

/* The kernel has its gates from 0xf0 on, in a higher class; the interrupts of the storm wait for its handlers. */
void interrupts_catch(void)
{
#define GATE(vector) idt[vector] = gate_make(storm_entry_##vector, idt[VEC_DF].selector, 0, GATE_INT);
    struct desc_ptr at;
    struct idt_gate *idt;

    __asm__ volatile("sidt %0" : "=m"(at));
    idt = (struct idt_gate *)(uintptr_t)at.base;
    ENTRIES(GATE)
}

/* What came before it was sent came twice. */
__attribute__((target("general-regs-only"), used)) void storm_interrupt(u32 vector)
{
    struct percpu *c = karch_cpu();
    struct channel *from = vector == VEC_TIMER ? &storm.timer[c->id] : &storm.ipi[vector - VEC_IPI][c->id];

    if (at_add(&from->got, 1) > at_load(&from->sent))
        storm_twice(vector, c->id);
    if (!bit0_take(&c->eoi)) /* A7-7 */
        reg_write(APIC_EOI, 0);
}

/* Has the last one come? */
static bool has_come(const struct channel *ch, const char *what, unsigned from, unsigned to)
{
    if (at_load(&ch->got) >= ch->sent)
        return true;
    if (time_ns() - ch->sent_ns > LOST_NS)
        storm_lost(what, from, to);
    return false;
}

static void will_come(struct channel *ch)
{
    ch->sent_ns = time_ns();
    at_store(&ch->sent, ch->sent + 1);
}

/* To itself by shorthand and by name, to others by name and, if there is only one, by shorthand. */
static u32 shorthand(bool self, u64 n)
{
    if (n % 2)
        return 0;
    return self ? APIC_ICR_SELF : cpu_count() == 2 ? APIC_ICR_OTHERS : 0;
}

void interrupts_step(struct percpu *c, u64 n)
{
    for (unsigned to = 0; to < cpu_count(); to++) {
        struct channel *ch = &storm.ipi[c->id][to];

        if (!has_come(ch, "interrupt", c->id, to))
            continue;
        will_come(ch);
        reg_icr(cpus[to].hw_id,
                APIC_ICR_FIXED | APIC_ICR_ASSERT | (VEC_IPI + c->id) | shorthand(to == c->id, n));
    }
}

static bool requested(u32 vector)
{
    return reg_read(APIC_IRR + vector / IRR_BITS * 0x10) >> vector % IRR_BITS & 1;
}

/*
 * The timer is the kernel's. With interrupts off it is borrowed: our interrupt is requested, and comes when they are on
 * again; then the kernel's timer fires at once, and the kernel looks when it is due.
 */
void timer_step(struct percpu *c, u64 n)
{
    struct channel *ch = &storm.timer[c->id];
    u32 count = 1u << TIMER_SHIFT | (u32)(n % (1u << TIMER_SHIFT)), lvt, divide, left;

    if (!has_come(ch, "timer", c->id, c->id))
        return;
    lvt = reg_read(APIC_LVT_TIMER);
    divide = reg_read(APIC_TIMER_DIV);
    will_come(ch);
    reg_keeps("timer's first count", APIC_TIMER_INIT, 0); /* or what the kernel's has left would be ours */
    reg_keeps("timer's divider", APIC_TIMER_DIV, APIC_TIMER_DIV_1);
    reg_keeps("LVT timer", APIC_LVT_TIMER, APIC_TIMER_ONESHOT | VEC_TIMER);
    reg_keeps("timer's first count", APIC_TIMER_INIT, count);
    while (!requested(VEC_TIMER)) {
        left = reg_read(APIC_TIMER_NOW);
        if (left > count)
            storm_wrong("timer's count", left, count);
        count = MIN(left, count);
        (void)has_come(ch, "timer", c->id, c->id);
    }
    left = reg_read(APIC_TIMER_NOW);
    if (left)
        storm_wrong("timer's count", left, 0);
    reg_write(APIC_TIMER_DIV, divide);
    reg_write(APIC_LVT_TIMER, lvt);
    karch_timer_arm(1);
    at_add(&storm.timers, 1);
}

bool interrupts_all_come(void)
{
    bool all = true;

    for (unsigned i = 0; i < cpu_count(); i++) {
        for (unsigned j = 0; j < cpu_count(); j++)
            all &= has_come(&storm.ipi[i][j], "interrupt", i, j);
        all &= has_come(&storm.timer[i], "timer", i, i);
    }
    return all;
}
