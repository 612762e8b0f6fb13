/* SPDX-License-Identifier: BSD-2-Clause */
/* regs.c: every register of the local APIC holds what it must, at each look. */
#include "storm.h"
#include "cpu.h"
#include "msr.h"

#define XAPIC_ID_SHIFT 24
#define VERSION_FIRST  0x10u /* integrated APICs */
#define VERSION_LAST   0x1fu
#define VECTOR_LEGAL   0x20u

static u32 version, svr, lvt_timer;

u32 reg_read(u32 reg)
{
    at_add(&storm.accesses, 1);
    if (storm.x2apic)
        return (u32)rdmsr(MSR_X2APIC + (reg >> 4));
    return *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg);
}

void reg_write(u32 reg, u32 v)
{
    at_add(&storm.accesses, 1);
    if (storm.x2apic)
        wrmsr(MSR_X2APIC + (reg >> 4), v);
    else
        *(volatile u32 *)(uintptr_t)(APIC_DEFAULT_BASE + reg) = v;
}

static void expect(const char *what, u32 reg, u32 wanted)
{
    u32 seen = reg_read(reg);

    if (seen != wanted)
        storm_wrong(what, seen, wanted);
}

void reg_keeps(const char *what, u32 reg, u32 value)
{
    reg_write(reg, value);
    expect(what, reg, value);
}

void reg_icr(u32 hw_id, u32 low)
{
    u64 seen;

    if (storm.x2apic) {
        at_fence(); /* what the interrupt tells of must be visible first */
        wrmsr(MSR_X2APIC + (APIC_ICR >> 4), (u64)hw_id << 32 | low);
        seen = rdmsr(MSR_X2APIC + (APIC_ICR >> 4));
        if (seen != ((u64)hw_id << 32 | low))
            storm_wrong("ICR", seen, (u64)hw_id << 32 | low);
        return;
    }
    reg_keeps("ICR, high half", APIC_ICR_HI, hw_id << XAPIC_ID_SHIFT);
    reg_write(APIC_ICR, low);
    seen = reg_read(APIC_ICR) & ~APIC_ICR_PENDING;
    if (seen != low)
        storm_wrong("ICR, low half", seen, low);
}

bool regs_first_look(void)
{
    storm.x2apic = rdmsr(MSR_APIC_BASE) & MSR_APIC_BASE_X2APIC;
    version = reg_read(APIC_VERSION);
    svr = reg_read(APIC_SVR);
    lvt_timer = reg_read(APIC_LVT_TIMER);
    return (version & 0xff) >= VERSION_FIRST && (version & 0xff) <= VERSION_LAST &&
           (svr & ~0xffu) == APIC_SVR_ENABLE && (lvt_timer & 0xff) >= VECTOR_LEGAL &&
           !(lvt_timer & APIC_LVT_MASKED);
}

void regs_step(const struct percpu *c, u64 n)
{
    u32 vector = VECTOR_LEGAL + (u32)(n % (0x100 - VECTOR_LEGAL));

    expect("ID", APIC_ID, c->hw_id << (storm.x2apic ? 0 : XAPIC_ID_SHIFT));
    expect("VERSION", APIC_VERSION, version);
    expect("SVR", APIC_SVR, svr);
    expect("LVT timer", APIC_LVT_TIMER, lvt_timer);
    reg_keeps("TPR", APIC_TPR, (u32)(n % 0x100));
    reg_keeps("LVT error", APIC_LVT_ERROR, APIC_LVT_MASKED | vector);
    reg_keeps("LVT performance", APIC_LVT_PERF, APIC_LVT_MASKED | (0x11f - vector));
    if (!storm.x2apic)
        reg_keeps("LDR", APIC_LDR, (u32)(n % 0x100) << XAPIC_ID_SHIFT);
    reg_keeps("TPR", APIC_TPR, 0);
}
