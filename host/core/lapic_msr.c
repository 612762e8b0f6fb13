/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_msr.c: the local APIC's registers as MSRs, and the modes that APIC_BASE switches (SDM vol. 3, 10.12). */
#include "lapic_parts.h"
#include "hw.h"

#define BASE_RSVD 0x2ffull

/* False: #GP. */
bool lapic_x2_read(const struct vcpu *v, u32 reg, u64 *out)
{
    u32 value;

    switch (reg) {
    case REG_ID:
        *out = v->id;
        return true;
    case REG_LDR:
        *out = lapic_ldr(v);
        return true;
    case REG_ICR:
        *out = v->lapic.icr;
        return true;
    }
    if (!lapic_reg_read(v, reg, &value))
        return false;
    *out = value;
    return true;
}

/* False: #GP. EOI and ESR have no bits, but can be written. */
static bool write_register(struct vcpu *v, u32 reg, u64 value)
{
    switch (reg) {
    case REG_ICR:
        return lapic_send(v, value);
    case REG_EOI: /* each interrupt ends by it */
        if (!value)
            lapic_eoi(v);
        return !value;
    case REG_SELF_IPI:
        return lapic_send_self(v, value);
    }
    return !(value & ~(u64)lapic_reg_bits(reg)) && lapic_reg_write(v, reg, (u32)value);
}

static u64 beyond_maxphyaddr(void)
{
    return ~(BIT(hw_gpa_bits()) - 1);
}

/* Figure 10-27: x2APIC is entered from xAPIC only and left to disabled only. */
static bool mode_change_legal(u64 from, u64 to)
{
    if (from == to)
        return true;
    switch (to) {
    case 0:
        return true;
    case APIC_BASE_ENABLE:
        return from == 0;
    case APIC_BASE_MODE:
        return from == APIC_BASE_ENABLE;
    }
    return false;
}

/* The registers are as after power-on when the APIC comes back; nothing of it works in between. */
static bool write_base(struct vcpu *v, u64 value)
{
    u64 old = v->lapic.base;

    if ((value & (BASE_RSVD | beyond_maxphyaddr())) ||
        !mode_change_legal(old & APIC_BASE_MODE, value & APIC_BASE_MODE))
        return false;
    at_store(&v->lapic.base, value);
    if (value & ~old & APIC_BASE_X2)
        v->lapic.icr = (u32)v->lapic.icr; /* the destinations of the modes have nothing in common */
    if ((old ^ value) & APIC_BASE_ENABLE) {
        lapic_clear(v);
        hw_set_tpr(v, 0);
    }
    /* The page may have moved while the registers were elsewhere, or none. */
    if ((value ^ old) & ~APIC_BASE_BSP && (value & APIC_BASE_MODE) == APIC_BASE_ENABLE)
        apic_page_mode(v);
    return true;
}

static bool access_register(struct vcpu *v, struct exit *e)
{
    u32 reg = e->msr.index - X2APIC_MSR_FIRST;

    if ((v->lapic.base & APIC_BASE_MODE) != APIC_BASE_MODE)
        return false;
    return e->msr.write ? write_register(v, reg, e->msr.value) : lapic_x2_read(v, reg, &e->msr.value);
}

enum outcome lapic_msr(struct vcpu *v, struct exit *e)
{
    bool ok = true;

    v->lapic.changed |= e->msr.write;
    switch (e->msr.index) {
    case APIC_BASE_MSR:
        if (e->msr.write)
            ok = write_base(v, e->msr.value);
        else
            e->msr.value = v->lapic.base;
        break;
    case TSC_DEADLINE_MSR:
        if (e->msr.write)
            lapic_timer_deadline(v, e->msr.value);
        else
            e->msr.value = v->lapic.tsc_deadline;
        break;
    default:
        ok = access_register(v, e);
    }
    return ok ? OUTCOME_DONE : OUTCOME_GP;
}
