/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_parts.h: what the files of the local APIC share with each other and with nobody else. Owner only. */
#pragma once
#include "vcpu.h"

/* Registers: MSR 0x800 + these, or 16 times that from the page's beginning (SDM vol. 3, tables 10-1 and 10-6). */
enum lapic_reg {
    REG_ID = 0x02,
    REG_VERSION = 0x03,
    REG_TPR = 0x08,
    REG_PPR = 0x0a,
    REG_EOI = 0x0b,
    REG_LDR = 0x0d,
    REG_DFR = 0x0e, /* xAPIC only */
    REG_SVR = 0x0f,
    REG_ISR = 0x10,
    REG_TMR = 0x18,
    REG_IRR = 0x20,
    REG_ESR = 0x28,
    REG_ICR = 0x30,
    REG_ICR_HIGH = 0x31, /* xAPIC only */
    REG_LVT = 0x32,
    REG_TIMER_INIT = 0x38,
    REG_TIMER_COUNT = 0x39,
    REG_TIMER_DIVIDE = 0x3e,
    REG_SELF_IPI = 0x3f, /* x2APIC only */
};

#define APIC_BASE_MODE (APIC_BASE_ENABLE | APIC_BASE_X2)

#define SVR_ENABLE BIT(8)

#define LVT_VECTOR         0xffu
#define LVT_MASKED         0x10000u
#define LVT_TIMER_PERIODIC 0x20000u
#define LVT_TIMER_DEADLINE 0x40000u
#define LVT_TIMER_MODE     0x60000u

#define VECTOR_FIRST_LEGAL 16u

/* Logical destination and its format, in xAPIC mode (SDM vol. 3, 10.6.2.2). */
#define LDR_DEFINED 0xff000000u
#define DFR_RSVD    0x0fffffffu /* read as ones */

/* Error status register (SDM vol. 3, 10.5.3). */
#define ESR_SEND_ILLEGAL     0x20u
#define ESR_RECEIVE_ILLEGAL  0x40u
#define ESR_ILLEGAL_REGISTER 0x80u

/* Power-on contents of all registers but APIC_BASE and CR8. */
void lapic_clear(struct vcpu *v);

u32 lapic_tpr(const struct vcpu *v);
u32 lapic_ppr(const struct vcpu *v);
void lapic_eoi(struct vcpu *v);

/* False: it cannot be read so, or is none of those that both modes have alike. */
bool lapic_reg_read(const struct vcpu *v, u32 reg, u32 *out) must_check;
/* A register as MSR, and at its page. False: it cannot be read so. */
bool lapic_x2_read(const struct vcpu *v, u32 reg, u64 *out) must_check;
bool lapic_page_read(const struct vcpu *v, u32 reg, u64 *out) must_check;
/* The bits that a write may set; all others are reserved. */
u32 lapic_reg_bits(u32 reg);
/* A value of those bits only. False: it cannot be written so, or the value is reserved. */
bool lapic_reg_write(struct vcpu *v, u32 reg, u32 value) must_check;

/* An entry of the local vector table fires. */
void lapic_local(struct vcpu *v, enum lapic_lvt which);
/* Record errors and raise the error interrupt. */
void lapic_error(struct vcpu *v, u32 bits);

/* The registers of the timer; a write of the LVT entry takes the bits that are not reserved. */
void lapic_timer_lvt(struct vcpu *v, u32 value);
void lapic_timer_init(struct vcpu *v, u32 count);
void lapic_timer_divide(struct vcpu *v, u32 value);
u32 lapic_timer_count(const struct vcpu *v);
void lapic_timer_deadline(struct vcpu *v, u64 tsc);

/* The logical x2APIC ID, derived from the physical one (SDM vol. 3, 10.12.10.2). */
static inline u32 lapic_ldr(const struct vcpu *v)
{
    return v->id >> 4 << 16 | 1u << (v->id & 15);
}

/* Writes of ICR and SELF IPI. False: a reserved bit is set. */
bool lapic_send(struct vcpu *v, u64 icr) must_check;
bool lapic_send_self(struct vcpu *v, u64 value) must_check;
/* A write of the low half of ICR in xAPIC mode. */
void lapic_send_low(struct vcpu *v, u32 value);
