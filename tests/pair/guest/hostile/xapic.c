/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xapic.c: the local APIC's page: around its modes with a look at the registers in each, and what no driver does to it.
 *
 * Interrupts stay off from the first change of mode on: the kernel knows of none.
 */
#include "apic.h"
#include "cpu.h"
#include "hostile.h"
#include "karch.h"
#include "msr.h"
#include "percpu.h"
#include <stdio.h>

#define ENABLE  MSR_APIC_BASE_ENABLE
#define X2      (MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC)
#define VEC_ANY 0x55
#define IRR_ANY (APIC_IRR + VEC_ANY / 32 * 0x10)
#define MOVED   0xe0000000u /* no memory is there either */
#define ROUNDS  3000

static u64 page = APIC_DEFAULT_BASE;

static volatile u32 *at(u32 offset)
{
    return (volatile u32 *)(uintptr_t)(page + offset);
}

static u64 x2(u32 offset)
{
    return rdmsr(MSR_X2APIC + (offset >> 4));
}

static void set_mode(u64 bits)
{
    wrmsr(MSR_APIC_BASE, page | bits | (rdmsr(MSR_APIC_BASE) & MSR_APIC_BASE_BSP));
}

/* From whatever mode to xAPIC, all registers as after power-on. */
static void into_xapic(void)
{
    karch_irq_save();
    karch_map(page, PAGE_SIZE);
    set_mode(0);
    set_mode(ENABLE);
}

static void fresh(void)
{
    expect(*at(APIC_SVR) == 0xff, "SVR is as after power-on");
    expect(*at(APIC_LDR) == 0 && *at(APIC_DFR) == ~0u, "LDR and DFR are as after power-on");
    expect(*at(APIC_LVT_LINT0) == APIC_LVT_MASKED, "LVT entries are masked");
    expect(*at(IRR_ANY) == 0, "no interrupt is requested");
    expect(*at(APIC_ID) >> 24 == karch_cpu()->id, "the ID is in the highest byte");
}

static void to_x2apic_and_back(void)
{
    *at(APIC_SVR) = APIC_SVR_ENABLE | 0xff;
    *at(APIC_LDR) = 0x40ffffff;
    expect(*at(APIC_LDR) == 0x40000000, "LDR keeps its defined bits");
    *at(APIC_TPR) = 0x61;
    *at(APIC_ICR_HI) = karch_cpu()->id << 24;
    *at(APIC_ICR) = VEC_ANY;
    expect(*at(IRR_ANY) == 1u << VEC_ANY % 32, "an IPI by physical destination comes");
    set_mode(X2);
    expect(x2(IRR_ANY) == 1u << VEC_ANY % 32, "a request survives the switch to x2APIC");
    expect(x2(APIC_TPR) == 0x61 && x2(APIC_SVR) == 0x1ff, "so do TPR and SVR");
    expect(x2(APIC_LDR) == 1u << karch_cpu()->id, "LDR is the x2APIC's own");
    traps_catch();
    expect(TRAPS("wrmsr", (u32)(page | ENABLE), MSR_APIC_BASE, 0), "there is no way back but by disabled");
    set_mode(0);
    expect(!(rdmsr(MSR_APIC_BASE) & ENABLE), "it is disabled");
    set_mode(ENABLE);
    fresh();
}

/* Every form that the host has to know, on a register whose bits are all ours. */
static void forms(void)
{
    u64 a = 0x1111111122222222, b;
    u8 less, zero;

    *at(APIC_TIMER_INIT) = 0;
    *at(APIC_LDR) = 0x80000000;
    __asm__ volatile("mov %1, %k0" : "+r"(a) : "m"(*at(APIC_LDR)));
    expect(a == 0x80000000, "MOV to 32 bits clears the upper half");
    __asm__ volatile("movslq %1, %0" : "=r"(a) : "m"(*at(APIC_LDR)));
    expect(a == 0xffffffff80000000, "MOVSXD extends the sign");
    __asm__ volatile("movzbl %1, %k0" : "=r"(a) : "m"(*(volatile u8 *)at(APIC_LDR + 3)));
    expect(a == 0x80, "MOVZX reads a byte");
    a = 0x1122334455667788;
    __asm__ volatile("mov %1, %%ah" : "+a"(a) : "m"(*(volatile u8 *)at(APIC_LDR + 3)));
    expect(a == 0x1122334455668088, "AH alone changes");
    __asm__ volatile("cmpl $0x7fffffff, %2\n setb %0\n sete %1"
                     : "=r"(less), "=r"(zero)
                     : "m"(*at(APIC_LDR)));
    expect(!less && !zero, "CMP compares");
    __asm__ volatile("testl $0x40000000, %1\n setz %0" : "=r"(zero) : "m"(*at(APIC_LDR)));
    expect(zero, "TEST tests");
    a = 1;
    __asm__ volatile("or %1, %k0" : "+r"(a) : "m"(*at(APIC_LDR)));
    expect(a == 0x80000001, "OR reads memory");
    __asm__ volatile("movl $0x12000000, %0" : "=m"(*at(APIC_LDR)));
    expect(*at(APIC_LDR) == 0x12000000, "an immediate is written");
    __asm__ volatile("mov %1, %%eax\n movabs %%eax, 0xfee000d0\n movabs 0xfee000d0, %%eax"
                     : "=&a"(b)
                     : "r"(0x34ffffff)
                     : "memory");
    expect(b == 0x34000000, "MOV between the accumulator and an address");
    __asm__ volatile("sti\n mov %0, %1\n cli" : : "r"(0), "m"(*at(APIC_EOI)));
    expect(*at(APIC_LDR) == 0x34000000, "an access in the shadow of STI is one");
    *at(APIC_ESR) = 0;
    expect(*at(APIC_ESR) == 0, "none of this was an error");
}

static int modes(void)
{
    for (unsigned i = 0; i < 3; i++) {
        into_xapic();
        fresh();
        forms();
        to_x2apic_and_back();
    }
    page = MOVED;
    into_xapic();
    fresh();
    *at(APIC_LDR) = 0x12000000;
    expect(*at(APIC_LDR) == 0x12000000, "the page can be elsewhere");
    karch_exit((u32)verdict());
}

/* Wrong sizes, wrong places, registers that do not exist: ESR says so, and that is all. */
static int wrong(void)
{
    u64 a;

    into_xapic();
    __asm__ volatile("mov %1, %0" : "=r"(a) : "m"(*(volatile u64 *)at(APIC_SVR)));
    expect(a == 0, "8 bytes read as nothing");
    __asm__ volatile("mov %0, %1" : : "r"(0ull), "m"(*(volatile u64 *)at(APIC_SVR)));
    *(volatile u16 *)at(APIC_SVR) = 0;
    *(volatile u32 *)(uintptr_t)(page + APIC_SVR + 1) = 0;
    *at(APIC_SELF_IPI) = VEC_ANY;
    expect(*at(APIC_SVR) == 0xff, "SVR is as before");
    *at(APIC_ESR) = 0;
    expect(*at(APIC_ESR) == 0x80, "ESR has an illegal register address");
    for (unsigned i = 0; i < ROUNDS; i++) {
        u32 offset = (u32)random_u64() & 0xff8;

        if (offset < APIC_ICR || offset >= APIC_LVT_TIMER)
            *at(offset) = (u32)random_u64();
        (void)*(volatile u16 *)at((u32)random_u64() & 0xfff);
    }
    expect(*at(APIC_VERSION) == 0x50014, "the version is as before");
    karch_exit((u32)verdict());
}

static int fetch(void)
{
    into_xapic();
    ((void (*)(void))(uintptr_t)page)();
    return STATUS_BAD;
}

static int sse(void)
{
    into_xapic();
    __asm__ volatile("movups %%xmm0, %0" : "=m"(*at(APIC_TPR)));
    return STATUS_BAD;
}

static int exchange(void)
{
    into_xapic();
    __asm__ volatile("xchg %%ebx, %0" : "+m"(*at(APIC_TPR)) : : "ebx");
    return STATUS_BAD;
}

/* What #UD pushes goes there. */
static int stack(void)
{
    into_xapic();
    __asm__ volatile("mov %0, %%rsp\n ud2" : : "r"(page + 0x800));
    return STATUS_BAD;
}

static int tables(void)
{
    into_xapic();
    write_cr3(page);
    return STATUS_BAD;
}

static int x2apic(void)
{
    karch_map(page, PAGE_SIZE);
    return *at(APIC_ID) & 0 ? 0 : STATUS_BAD;
}

const struct mode xapic_modes[] = {
    {"xapic-modes", modes},   {"xapic-wrong", wrong},      {"xapic-fetch", fetch},
    {"xapic-sse", sse},       {"xapic-xchg", exchange},    {"xapic-stack", stack},
    {"xapic-tables", tables}, {"xapic-in-x2apic", x2apic}, {NULL, NULL},
};
