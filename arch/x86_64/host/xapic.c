/* SPDX-License-Identifier: BSD-2-Clause */
/* xapic.c: drive this CPU's local APIC through its register page. */
#include "xapic.h"
#include "apic.h"
#include "cpu.h"
#include "cpuid.h"
#include "lib/atomic.h"
#include "msr.h"
#include "trap.h"

#define PIC1_MASK       0x21
#define PIC2_MASK       0xa1
#define XAPIC_ID_SHIFT  24
#define XAPIC_ICR_TRIES 100000 /* delivery takes microseconds; a stuck bus must not hang the sender */

static volatile u8 *regs;

static u32 reg_read(u32 offset)
{
    return *(volatile u32 *)(regs + offset);
}

static void reg_write(u32 offset, u32 v)
{
    *(volatile u32 *)(regs + offset) = v;
}

bool xapic_init(void)
{
    u64 base = rdmsr(MSR_APIC_BASE);

    if (!(cpuid(1, 0).edx & BIT(CPUID1_EDX_APIC)) || base & MSR_APIC_BASE_X2APIC)
        return false;
    regs = (volatile u8 *)(uintptr_t)(base & MSR_APIC_BASE_ADDR);
    /* The firmware's interrupt controllers keep their vectors, which are exceptions' here: silence them. */
    out8(PIC1_MASK, 0xff);
    out8(PIC2_MASK, 0xff);
    return true;
}

hpa_t xapic_base(void)
{
    return (hpa_t){(uintptr_t)regs};
}

void xapic_init_cpu(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | MSR_APIC_BASE_ENABLE);
    reg_write(APIC_TPR, 0);
    reg_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
    reg_write(APIC_LVT_LINT1, APIC_ICR_NMI);
    reg_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
    reg_write(APIC_SVR, APIC_SVR_ENABLE | VEC_SPURIOUS);
    reg_write(APIC_TIMER_DIV, APIC_TIMER_DIV_16);
    reg_write(APIC_LVT_TIMER, APIC_TIMER_ONESHOT | VEC_TIMER);
}

u32 xapic_id(void)
{
    return reg_read(APIC_ID) >> XAPIC_ID_SHIFT;
}

void xapic_eoi(void)
{
    reg_write(APIC_EOI, 0);
}

static void icr_wait(void)
{
    for (unsigned i = 0; i < XAPIC_ICR_TRIES && reg_read(APIC_ICR) & APIC_ICR_PENDING; i++)
        at_relax();
}

void xapic_ipi(u32 apic_id, u32 command)
{
    at_fence();
    icr_wait();
    reg_write(APIC_ICR_HI, apic_id << XAPIC_ID_SHIFT);
    reg_write(APIC_ICR, command);
}

void xapic_nmi_others(void)
{
    at_fence();
    icr_wait();
    reg_write(APIC_ICR, APIC_ICR_NMI | APIC_ICR_ASSERT | APIC_ICR_OTHERS);
}

void xapic_timer(u32 ticks)
{
    reg_write(APIC_TIMER_INIT, ticks);
}

u32 xapic_timer_now(void)
{
    return reg_read(APIC_TIMER_NOW);
}
