/* SPDX-License-Identifier: BSD-2-Clause */
/* apic.c: the local APIC, by MSRs where the CPU has x2APIC, else through its page. */
#include "apic.h"
#include "boot.h"
#include "conf.h"
#include "cpuid.h"
#include "runner.h"

#define PIC_MASK_1 0x21 /* of the two 8259A */
#define PIC_MASK_2 0xa1

static bool there, x2apic;

u32 apic_read(u32 reg)
{
    if (!there)
        return 0;
    if (x2apic)
        return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
    return *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg);
}

void apic_write(u32 reg, u32 value)
{
    if (!there)
        return;
    if (x2apic)
        wrmsr(MSR_X2APIC + (reg >> 4), value);
    else
        *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg) = value;
}

void apic_ipi(u32 to_apic_id, u32 low)
{
    at_fence(); /* WRMSR to an x2APIC register is no fence */
    if (x2apic) {
        wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)to_apic_id << 32 | low);
        return;
    }
    while (apic_read(APIC_ICR) & APIC_ICR_PENDING)
        at_relax();
    apic_write(APIC_ICR_HI, to_apic_id << 24);
    apic_write(APIC_ICR, low);
}

void apic_eoi(void)
{
    if (rdmsr(MSR_APIC_BASE) & MSR_APIC_BASE_ENABLE)
        apic_write(APIC_EOI, 0);
}

void apic_software(bool on)
{
    apic_write(APIC_SVR, (on ? APIC_SVR_ENABLE : 0) | SPURIOUS);
}

bool apic_bit(u32 first_reg, u8 vector)
{
    return apic_read(first_reg + (vector / 32u) * 0x10) & BIT(vector % 32);
}

/* The timer's rate is not known: it is let count for a while first, once. */
static u32 ticks_per_ms(void)
{
    static u32 rate;

    if (!rate) {
        apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | TIMER);
        apic_write(APIC_TIMER_INIT, UINT32_MAX);
        spin_us(1000);
        rate = MAX(UINT32_MAX - apic_read(APIC_TIMER_NOW), 1u);
    }
    return rate;
}

void apic_timer_us(u32 us)
{
    u64 ticks = us ? (u64)us * ticks_per_ms() / 1000 + 1 : 0;

    apic_write(APIC_LVT_TIMER, APIC_TIMER_ONESHOT | TIMER);
    apic_write(APIC_TIMER_INIT, (u32)MIN(ticks, UINT32_MAX));
}

bool apic_there(void)
{
    return there;
}

/* What a case that broke off has left in service. */
static void end_all(void)
{
    for (u32 reg = 0; reg < 8; reg++)
        for (unsigned n = 0; n < 32 && apic_read(APIC_ISR + reg * 0x10); n++)
            apic_eoi();
}

/* From off there is no way to x2APIC but by xAPIC (SDM vol. 3A, 10.12.5), in which nothing may come: no MSRs there. */
static void switch_on(void)
{
    u64 base = rdmsr(MSR_APIC_BASE), flags = read_rflags();

    cli();
    if (!(base & MSR_APIC_BASE_ENABLE))
        wrmsr(MSR_APIC_BASE, base | MSR_APIC_BASE_ENABLE);
    if (x2apic)
        wrmsr(MSR_APIC_BASE, base | MSR_APIC_BASE_ENABLE | MSR_APIC_BASE_X2APIC);
    if (flags & RFLAGS_IF)
        sti();
}

void apic_up(void)
{
    if (!there)
        return;
    switch_on();
    end_all();
    apic_write(APIC_TPR, 0);
    apic_write(APIC_TIMER_DIV, APIC_TIMER_DIV_16);
    apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | TIMER);
    apic_software(true);
}

/* What firmware left running behind the 8259A would come on the vectors of exceptions. */
void apic_init(struct cpu *c)
{
    out8(PIC_MASK_1, 0xff);
    out8(PIC_MASK_2, 0xff);
    if (!c->id) /* the bit follows the base register, which is written below */
        there = cpuid(1, 0).edx & BIT(CPUID1_EDX_APIC);
    x2apic = cpuid(1, 0).ecx & BIT(CPUID1_ECX_X2APIC);
    apic_up();
    c->apic_id = apic_read(APIC_ID) >> (x2apic ? 0 : 24);
}
