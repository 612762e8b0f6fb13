/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_reg.c: the registers that are the same by MSR and at the APIC page (SDM vol. 3, table 10-1). */
#include "lapic_parts.h"
#include "hw.h"

#define VERSION        (0x14u | (LVT_COUNT - 1) << 16) /* integrated, no EOI-broadcast suppression */
#define TPR_DEFINED    0xffu
#define SVR_DEFINED    0x1ffu
#define DIVIDE_DEFINED 0xbu

/* What of each LVT entry is defined, and what of that read-only: delivery status, remote IRR (figure 10-8). */
static const struct {
    u32 defined, readonly;
} lvt_bits[LVT_COUNT] = {
    [LVT_TIMER] = {0x710ff, 0x1000}, [LVT_THERMAL] = {0x117ff, 0x1000}, [LVT_PERF] = {0x117ff, 0x1000},
    [LVT_LINT0] = {0x1f7ff, 0x5000}, [LVT_LINT1] = {0x1f7ff, 0x5000},   [LVT_ERROR] = {0x110ff, 0x1000},
};

bool lapic_reg_read(const struct vcpu *v, u32 reg, u32 *out)
{
    const struct lapic *l = &v->lapic;

    switch (reg) {
    case REG_VERSION:
        *out = VERSION;
        return true;
    case REG_TPR:
        *out = lapic_tpr(v);
        return true;
    case REG_PPR:
        *out = lapic_ppr(v);
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
    return false; /* write-only, or not one of these */
}

u32 lapic_reg_bits(u32 reg)
{
    switch (reg) {
    case REG_TPR:
        return TPR_DEFINED;
    case REG_SVR:
        return SVR_DEFINED;
    case REG_LVT ... REG_LVT + LVT_COUNT - 1:
        return lvt_bits[reg - REG_LVT].defined;
    case REG_TIMER_INIT:
        return ~0u;
    case REG_TIMER_DIVIDE:
        return DIVIDE_DEFINED;
    }
    return 0;
}

/* While the APIC is disabled by software, all entries are masked and stay so (10.4.7.2). */
static void write_svr(struct vcpu *v, u32 value)
{
    bool was = lapic_enabled(v), is = value & SVR_ENABLE;
    struct lapic *l = &v->lapic;

    l->svr = value;
    at_store(&l->enabled, is);
    for (unsigned i = 0; i < LVT_COUNT && !is; i++)
        l->lvt[i] |= LVT_MASKED;
    if (is && !was)
        apf_deliver(v); /* A3-33 */
}

static bool write_lvt(struct vcpu *v, enum lapic_lvt which, u32 value)
{
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

bool lapic_reg_write(struct vcpu *v, u32 reg, u32 value)
{
    struct lapic *l = &v->lapic;

    switch (reg) {
    case REG_TPR:
        l->tpr = value;
        hw_set_tpr(v, (u8)value);
        return true;
    case REG_EOI:
        lapic_eoi(v);
        return true;
    case REG_SVR:
        write_svr(v, value);
        return true;
    case REG_ESR:
        l->esr = l->errors;
        l->errors = 0;
        return true;
    case REG_LVT ... REG_LVT + LVT_COUNT - 1:
        return write_lvt(v, reg - REG_LVT, value);
    case REG_TIMER_INIT:
        lapic_timer_init(v, value);
        return true;
    case REG_TIMER_DIVIDE:
        lapic_timer_divide(v, value);
        return true;
    }
    return false; /* read-only, or not one of these */
}
