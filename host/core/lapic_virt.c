/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_virt.c: the registers in a page that hardware serves the guest from (SDM vol. 3, 30.1). */
#include "lapic_parts.h"
#include "hw.h"

#define PAGE_REGISTERS 0x40u
#define NOT_DELIVERED  0xffffu /* vectors 0-15 of the first word (A3-41) */

static u32 *place(u8 *page, u32 reg)
{
    return (u32 *)(page + (reg << 4));
}

static void fill(const struct vcpu *v, u8 *page, u32 reg)
{
    u64 value = 0;

    if (v->lapic.base & APIC_BASE_X2 ? !lapic_x2_read(v, reg, &value) : !lapic_page_read(v, reg, &value))
        value = 0;
    place(page, reg)[0] = (u32)value;
    place(page, reg)[1] = (u32)(value >> 32); /* ICR in x2APIC mode */
}

/* What happens to interrupts changes all the time, the rest by writes alone. */
void lapic_fill(struct vcpu *v, u8 *page)
{
    if (!hw_virt_intr(v)) { /* else it keeps these itself */
        fill(v, page, REG_PPR);
        for (u32 i = 0; i < 8; i++) {
            *place(page, REG_ISR + i) = v->lapic.isr[i];
            *place(page, REG_IRR + i) = at_load(&v->pub.irr[i]);
        }
    }
    for (u32 reg = 0; reg < PAGE_REGISTERS && v->lapic.changed; reg++)
        if (reg != REG_TPR)
            fill(v, page, reg);
    v->lapic.changed = false;
}

/*
 * In xAPIC mode the destination of an interprocessor interrupt is just stored; and so is the whole command if it is to
 * the CPU itself and the hardware delivers it (30.1.5).
 */
void lapic_written(struct vcpu *v, const u8 *page)
{
    u32 high = *place((u8 *)page, REG_ICR_HIGH), low = *place((u8 *)page, REG_ICR);

    if (!(v->lapic.base & APIC_BASE_X2))
        v->lapic.icr = (u64)high << 32 | low;
}

static int highest(u8 *page, u32 first)
{
    for (u32 i = 8; i--;)
        if (*place(page, first + i))
            return (int)(i * 32 + 31) - __builtin_clz(*place(page, first + i));
    return -1;
}

void lapic_lend(struct vcpu *v, u8 *page, bool requests, int *requested, int *serving)
{
    bool on = requests && v->lapic.base & APIC_BASE_ENABLE;

    for (u32 i = 0; i < 8; i++) {
        u32 mask = on ? ~(i ? 0 : NOT_DELIVERED) : 0, word = at_load(&v->pub.irr[i]) & mask;

        if (word)
            at_and(&v->pub.irr[i], ~word);
        *place(page, REG_IRR + i) = word;
        *place(page, REG_ISR + i) = v->lapic.isr[i];
    }
    *requested = highest(page, REG_IRR);
    *serving = highest(page, REG_ISR);
}

void lapic_return(struct vcpu *v, u8 *page)
{
    for (u32 i = 0; i < 8; i++) {
        u32 *irr = place(page, REG_IRR + i);

        if (*irr)
            at_or(&v->pub.irr[i], *irr);
        *irr = 0;
        v->lapic.isr[i] = *place(page, REG_ISR + i);
    }
}
