/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_parts.h: what the files of the local APIC share with each other and with nobody else. Owner only. */
#pragma once
#include "vcpu.h"

#define SVR_ENABLE BIT(8)

#define LVT_VECTOR         0xffu
#define LVT_MASKED         0x10000u
#define LVT_TIMER_PERIODIC 0x20000u
#define LVT_TIMER_DEADLINE 0x40000u
#define LVT_TIMER_MODE     0x60000u

#define VECTOR_FIRST_LEGAL 16u

/* Error status register (SDM vol. 3, 10.5.3). */
#define ESR_SEND_ILLEGAL    0x20u
#define ESR_RECEIVE_ILLEGAL 0x40u

/* Power-on contents of all registers but APIC_BASE and CR8. */
void lapic_clear(struct vcpu *v);

u32 lapic_tpr(const struct vcpu *v);
u32 lapic_ppr(const struct vcpu *v);
void lapic_eoi(struct vcpu *v);

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
