/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_msr.c: the local APIC's registers as MSRs, and the modes that APIC_BASE switches (SDM vol. 3, 10.12). */
#include "lapic_parts.h"
#include "hw.h"

/* x2APIC registers: MSR 0x800 + these (table 10-6). */
enum {
    REG_ID = 0x02,
    REG_VERSION = 0x03,
    REG_TPR = 0x08,
    REG_PPR = 0x0a,
    REG_EOI = 0x0b,
    REG_LDR = 0x0d,
    REG_SVR = 0x0f,
    REG_ISR = 0x10,
    REG_TMR = 0x18,
    REG_IRR = 0x20,
    REG_ESR = 0x28,
    REG_ICR = 0x30,
    REG_LVT = 0x32,
    REG_TIMER_INIT = 0x38,
    REG_TIMER_COUNT = 0x39,
    REG_TIMER_DIVIDE = 0x3e,
    REG_SELF_IPI = 0x3f,
};

#define VERSION        (0x14u | (LVT_COUNT - 1) << 16) /* integrated, no EOI-broadcast suppression */
#define SVR_DEFINED    0x1ffull
#define DIVIDE_DEFINED 0xbull
#define BASE_MODE      (APIC_BASE_ENABLE | APIC_BASE_X2)
#define BASE_RSVD      0x2ffull

/* What of each LVT entry is defined, and what of that read-only: delivery status, remote IRR (figure 10-8). */
static const struct {
    u32 defined, readonly;
} lvt_bits[LVT_COUNT] = {
    [LVT_TIMER] = {0x710ff, 0x1000}, [LVT_THERMAL] = {0x117ff, 0x1000}, [LVT_PERF] = {0x117ff, 0x1000},
    [LVT_LINT0] = {0x1f7ff, 0x5000}, [LVT_LINT1] = {0x1f7ff, 0x5000},   [LVT_ERROR] = {0x110ff, 0x1000},
};

/* False: #GP. */
static bool read_register(const struct vcpu *v, u32 reg, u64 *out)
{
    const struct lapic *l = &v->lapic;

    switch (reg) {
    case REG_ID:
        *out = v->id;
        return true;
    case REG_VERSION:
        *out = VERSION;
        return true;
    case REG_TPR:
        *out = lapic_tpr(v);
        return true;
    case REG_PPR:
        *out = lapic_ppr(v);
        return true;
    case REG_LDR:
        *out = lapic_ldr(v);
        return true;
    case REG_SVR:
        *out = l->svr;
        return true;
    case REG_ISR ... REG_ISR + 7:
        *out = l->isr[reg - REG_ISR];
        return true;
    case REG_TMR ... REG_TMR + 7:
        *out = 0;
        return true;
    case REG_IRR ... REG_IRR + 7:
        *out = at_load(&v->pub.irr[reg - REG_IRR]);
        return true;
    case REG_ESR:
        *out = l->esr;
        return true;
    case REG_ICR:
        *out = l->icr;
        return true;
    case REG_LVT ... REG_LVT + LVT_COUNT - 1:
        *out = l->lvt[reg - REG_LVT];
        return true;
    case REG_TIMER_INIT:
        *out = l->timer_init;
        return true;
    case REG_TIMER_COUNT:
        *out = lapic_timer_count(v);
        return true;
    case REG_TIMER_DIVIDE:
        *out = l->divide;
        return true;
    }
    return false; /* write-only, or none */
}

/* While the APIC is disabled by software, all entries are masked and stay so (10.4.7.2). */
static bool write_svr(struct vcpu *v, u64 value)
{
    bool was = lapic_enabled(v), is = value & SVR_ENABLE;
    struct lapic *l = &v->lapic;

    if (value & ~SVR_DEFINED)
        return false;
    l->svr = value;
    at_store(&l->enabled, is);
    for (unsigned i = 0; i < LVT_COUNT && !is; i++)
        l->lvt[i] |= LVT_MASKED;
    if (is && !was)
        apf_deliver(v); /* A3-33 */
    return true;
}

static bool write_lvt(struct vcpu *v, enum lapic_lvt which, u64 value)
{
    if (value & ~(u64)lvt_bits[which].defined)
        return false;
    if (which == LVT_TIMER && (value & LVT_TIMER_MODE) == LVT_TIMER_MODE)
        return false;
    value &= ~lvt_bits[which].readonly;
    if (!(v->lapic.svr & SVR_ENABLE))
        value |= LVT_MASKED;
    if (which == LVT_TIMER)
        lapic_timer_lvt(v, value);
    else
        v->lapic.lvt[which] = value;
    return true;
}

static bool write_register(struct vcpu *v, u32 reg, u64 value)
{
    struct lapic *l = &v->lapic;

    if (reg == REG_ICR)
        return lapic_send(v, value);
    if (value >> 32)
        return false;
    switch (reg) {
    case REG_TPR:
        if (value > 0xff)
            return false;
        l->tpr = value;
        hw_set_tpr(v, value & 0xf0);
        return true;
    case REG_EOI:
        if (!value)
            lapic_eoi(v);
        return !value;
    case REG_SVR:
        return write_svr(v, value);
    case REG_ESR:
        if (value)
            return false;
        l->esr = l->errors;
        l->errors = 0;
        return true;
    case REG_LVT ... REG_LVT + LVT_COUNT - 1:
        return write_lvt(v, reg - REG_LVT, value);
    case REG_TIMER_INIT:
        lapic_timer_init(v, value);
        return true;
    case REG_TIMER_DIVIDE:
        if (value & ~DIVIDE_DEFINED)
            return false;
        lapic_timer_divide(v, value);
        return true;
    case REG_SELF_IPI:
        return lapic_send_self(v, value);
    }
    return false; /* read-only, or none */
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
    case BASE_MODE:
        return from == APIC_BASE_ENABLE;
    }
    return false;
}

/* The registers are as after power-on when the APIC comes back; nothing of it works in between. */
static bool write_base(struct vcpu *v, u64 value)
{
    u64 old = v->lapic.base;

    if ((value & (BASE_RSVD | beyond_maxphyaddr())) || !mode_change_legal(old & BASE_MODE, value & BASE_MODE))
        return false;
    v->lapic.base = value;
    if ((old ^ value) & APIC_BASE_ENABLE) {
        lapic_clear(v);
        hw_set_tpr(v, 0);
        if (value & APIC_BASE_ENABLE)
            apic_page_mode(v);
    }
    return true;
}

static bool access_register(struct vcpu *v, struct exit *e)
{
    u32 reg = e->msr.index - X2APIC_MSR_FIRST;

    if ((v->lapic.base & BASE_MODE) != BASE_MODE)
        return false;
    return e->msr.write ? write_register(v, reg, e->msr.value) : read_register(v, reg, &e->msr.value);
}

enum outcome lapic_msr(struct vcpu *v, struct exit *e)
{
    bool ok = true;

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
