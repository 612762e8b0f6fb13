/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapic_mmio.c: the local APIC's registers at their page, in xAPIC mode (SDM vol. 3, 10.4.1).
 *
 * A register is written by 32 bits at its address, 16 bytes from the next one; it may be read in part. All else that
 * an instruction can do to the page is an access to a register that does not exist: a read gives 0, a write nothing,
 * and ESR says so. Reserved bits are not kept. APR and the remote read register, which newer processors lack, read 0.
 */
#include "lapic_parts.h"

#define ID_SHIFT         24
#define ICR_HIGH_DEFINED 0xff000000u
#define REG_BYTES        4u
#define REG_SPACING      4 /* a register each 1 << 4 bytes */
#define OFFSET_IN_REG    15u

bool lapic_at(const struct vcpu *v, gpa_t gpa)
{
    u64 base = v->lapic.base;

    return (base & APIC_BASE_MODE) == APIC_BASE_ENABLE && gpa_gfn(gpa).v == gpa_gfn((gpa_t){base}).v;
}

/* Of table 10-1. The self-IPI register exists in x2APIC mode only, LVT CMCI not here. */
static bool exists(u32 reg)
{
    switch (reg) {
    case REG_ID ... REG_VERSION:
    case REG_TPR ... REG_ESR:
    case REG_ICR ... REG_TIMER_COUNT:
    case REG_TIMER_DIVIDE:
        return true;
    }
    return false;
}

static u32 read_register(const struct vcpu *v, u32 reg)
{
    const struct lapic *l = &v->lapic;
    u32 value = 0;

    switch (reg) {
    case REG_ID:
        return v->id << ID_SHIFT;
    case REG_LDR:
        return l->ldr;
    case REG_DFR:
        return l->dfr;
    case REG_ICR:
        return (u32)l->icr;
    case REG_ICR_HIGH:
        return (u32)(l->icr >> 32);
    }
    return lapic_reg_read(v, reg, &value) ? value : 0;
}

bool lapic_page_read(const struct vcpu *v, u32 reg, u64 *out)
{
    *out = read_register(v, reg);
    return exists(reg);
}

static void write_register(struct vcpu *v, u32 reg, u32 value)
{
    struct lapic *l = &v->lapic;

    switch (reg) {
    case REG_LDR:
        at_store(&l->ldr, value & LDR_DEFINED);
        return;
    case REG_DFR:
        at_store(&l->dfr, value | DFR_RSVD);
        return;
    case REG_ICR:
        lapic_send_low(v, value);
        return;
    case REG_ICR_HIGH:
        l->icr = (u64)(value & ICR_HIGH_DEFINED) << 32 | (u32)l->icr;
        return;
    }
    /* To a read-only register, or with the timer mode that does not exist, nothing happens. */
    (void)!lapic_reg_write(v, reg, value & lapic_reg_bits(reg));
}

void lapic_mmio(struct vcpu *v, struct exit *e)
{
    u32 offset = e->mmio.gpa.v & PAGE_MASK, reg = offset >> REG_SPACING, first = offset & OFFSET_IN_REG;
    bool whole = !first && e->mmio.size == REG_BYTES, within = first + e->mmio.size <= REG_BYTES;
    bool ok = exists(reg) && (e->mmio.write ? whole : within);

    v->lapic.changed |= e->mmio.write;
    if (!e->mmio.write)
        e->mmio.value = ok ? read_register(v, reg) >> 8 * first & (u32)(BIT(8 * e->mmio.size) - 1) : 0;
    else if (ok)
        write_register(v, reg, (u32)e->mmio.value);
    if (!ok)
        lapic_error(v, ESR_ILLEGAL_REGISTER);
}
