/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic.c: how an interrupt is requested, compared with the processor's priority, accepted and ended. */
#include "lapic_parts.h"
#include "hw.h"
#include "port.h"

/* Asked of IRR before every entry, nearly always with nothing requested. */
static always_inline bool empty(const u32 *reg)
{
    return !(at_load(&reg[0]) | at_load(&reg[1]) | at_load(&reg[2]) | at_load(&reg[3]) | at_load(&reg[4]) |
             at_load(&reg[5]) | at_load(&reg[6]) | at_load(&reg[7]));
}

/* The highest vector of a 256-bit register, or -1. */
static always_inline int highest(const u32 *reg)
{
    if (empty(reg))
        return -1;
    for (int i = 7; i >= 0; i--) {
        u32 word = at_load(&reg[i]);

        if (word)
            return i * 32 + 31 - __builtin_clz(word);
    }
    return -1;
}

void lapic_clear(struct vcpu *v)
{
    struct lapic *l = &v->lapic;

    at_store(&l->enabled, 0); /* first: from here on nothing is requested any more */
    l->changed = true;
    l->svr = 0xff;
    l->tpr = l->esr = l->errors = 0;
    at_store(&l->ldr, 0);
    at_store(&l->dfr, ~0u);
    l->divide = l->timer_init = 0;
    l->tsc_deadline = l->icr = 0;
    l->deadline = TIME_NEVER;
    for (unsigned i = 0; i < LVT_COUNT; i++)
        l->lvt[i] = LVT_MASKED;
    for (unsigned i = 0; i < 8; i++) {
        l->isr[i] = 0;
        at_store(&v->pub.irr[i], 0);
    }
}

void lapic_reset(struct vcpu *v)
{
    at_store(&v->lapic.base, APIC_BASE_DEFAULT | APIC_BASE_ENABLE | (v->id ? 0 : APIC_BASE_BSP));
    lapic_clear(v);
    apic_page_mode(v);
}

void lapic_init(struct vcpu *v)
{
    lapic_clear(v);
}

bool lapic_enabled(const struct vcpu *v)
{
    return at_load(&v->lapic.enabled);
}

void lapic_raise(struct vcpu *v, u8 vector)
{
    if (!lapic_enabled(v))
        return;
    at_or(&v->pub.irr[vector / 32], 1u << vector % 32);
    vcpu_request(v, REQ_EVENT);
}

/* The priority class that a vector, or none, stands for. */
static int class_of(int vector)
{
    return vector < 0 ? 0 : vector & 0xf0;
}

/*
 * Interrupts requested before the APIC was disabled by software are still delivered (SDM vol. 3, 10.4.7.2).
 * Without hardware enable none are; one may sit in IRR that another CPU raised while the APIC was being turned off.
 */
static always_inline int waiting(const struct vcpu *v)
{
    int vector = highest(v->pub.irr);

    if (vector < 0 || !(v->lapic.base & APIC_BASE_ENABLE))
        return -1;
    return class_of(vector) > class_of(highest(v->lapic.isr)) ? vector : -1;
}

int lapic_waiting(const struct vcpu *v)
{
    return waiting(v);
}

bool lapic_admits(const struct vcpu *v, u8 vector)
{
    return class_of(vector) > class_of(hw_tpr(v));
}

int lapic_pending(const struct vcpu *v)
{
    int vector = waiting(v);

    return vector >= 0 && lapic_admits(v, (u8)vector) ? vector : -1;
}

void lapic_accept(struct vcpu *v, u8 vector)
{
    at_and(&v->pub.irr[vector / 32], ~(1u << vector % 32));
    v->lapic.isr[vector / 32] |= 1u << vector % 32;
}

unsigned lapic_in_service(const struct vcpu *v)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 8 && n < 2; i++)
        for (u32 word = v->lapic.isr[i]; word && n < 2; word &= word - 1)
            n++;
    return n;
}

bool lapic_requested(const struct vcpu *v)
{
    return !empty(v->pub.irr);
}

void lapic_end_sole(struct vcpu *v)
{
    check(lapic_in_service(v) == 1, "a guest ends by its word only what alone is in service (A7-7)");
    for (unsigned i = 0; i < 8; i++)
        v->lapic.isr[i] = 0;
}

inline void lapic_eoi(struct vcpu *v)
{
    int vector = highest(v->lapic.isr);

    if (vector >= 0)
        v->lapic.isr[vector / 32] &= ~(1u << vector % 32);
}

/* CR8 has only the class; a move to CR8 that changes it clears the rest (SDM vol. 3, 10.8.6.1). */
u32 lapic_tpr(const struct vcpu *v)
{
    int class = class_of(hw_tpr(v));

    return class_of(v->lapic.tpr) == class ? v->lapic.tpr : (u32) class;
}

u32 lapic_ppr(const struct vcpu *v)
{
    u32 tpr = lapic_tpr(v);
    int serving = class_of(highest(v->lapic.isr));

    return serving > class_of(tpr) ? (u32)serving : tpr;
}

void lapic_error(struct vcpu *v, u32 bits)
{
    u32 lvt = v->lapic.lvt[LVT_ERROR], vector = lvt & LVT_VECTOR;

    v->lapic.errors |= bits;
    if (lvt & LVT_MASKED)
        return;
    if (vector < VECTOR_FIRST_LEGAL)
        v->lapic.errors |= ESR_RECEIVE_ILLEGAL;
    else
        lapic_raise(v, vector);
}

void lapic_local(struct vcpu *v, enum lapic_lvt which)
{
    u32 lvt = v->lapic.lvt[which], vector = lvt & LVT_VECTOR;

    if (lvt & LVT_MASKED)
        return;
    if (vector < VECTOR_FIRST_LEGAL)
        lapic_error(v, ESR_RECEIVE_ILLEGAL);
    else
        lapic_raise(v, vector);
}
