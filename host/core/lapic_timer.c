/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapic_timer.c: the timer of the local APIC: one-shot, periodic and TSC-deadline mode (SDM vol. 3, 10.5.4).
 *
 * Whatever the mode, the state is one moment: lapic.deadline, in ns of port_now(). Counts are computed from it
 * when read. A masked timer runs all the same and expires without an interrupt.
 */
#include "lapic_parts.h"
#include "port.h"
#include "vm.h"

#define DEADLINE_MS_MAX 10000000000000ull /* a TSC deadline further away never comes: 300 years */

static bool deadline_mode(const struct lapic *l)
{
    return l->lvt[LVT_TIMER] & LVT_TIMER_DEADLINE;
}

/* Bits 3, 1, 0 count the powers of two from 2 up; 111 divides by 1. */
static unsigned shift(const struct lapic *l)
{
    return ((l->divide & 3) + (l->divide >> 1 & 4) + 1) & 7;
}

static u64 period(const struct lapic *l)
{
    return MAX((u64)l->timer_init << shift(l), APIC_PERIOD_NS_MIN);
}

static void disarm(struct lapic *l)
{
    l->deadline = TIME_NEVER;
    l->tsc_deadline = 0;
}

u64 lapic_deadline(const struct vcpu *v)
{
    return v->lapic.deadline;
}

/* Periods that were missed are lost; the phase is kept. */
void lapic_poll(struct vcpu *v, u64 now)
{
    struct lapic *l = &v->lapic;

    if (now < l->deadline)
        return;
    if (l->lvt[LVT_TIMER] & LVT_TIMER_PERIODIC)
        l->deadline += ((now - l->deadline) / period(l) + 1) * period(l);
    else
        disarm(l);
    lapic_local(v, LVT_TIMER);
}

/* Into or out of TSC-deadline mode the timer stops; between the other two it counts on. */
void lapic_timer_lvt(struct vcpu *v, u32 value)
{
    struct lapic *l = &v->lapic;

    lapic_poll(v, port_now());
    if ((l->lvt[LVT_TIMER] ^ value) & LVT_TIMER_DEADLINE) {
        disarm(l);
        l->timer_init = 0;
    }
    l->lvt[LVT_TIMER] = value;
}

void lapic_timer_init(struct vcpu *v, u32 count)
{
    struct lapic *l = &v->lapic;

    if (deadline_mode(l))
        return;
    l->timer_init = count;
    l->deadline = count ? port_now() + ((u64)count << shift(l)) : TIME_NEVER;
}

u32 lapic_timer_count(const struct vcpu *v)
{
    const struct lapic *l = &v->lapic;
    u64 now = port_now(), left;

    if (deadline_mode(l) || l->deadline == TIME_NEVER)
        return 0;
    if (now < l->deadline)
        left = l->deadline - now;
    else if (l->lvt[LVT_TIMER] & LVT_TIMER_PERIODIC)
        left = period(l) - (now - l->deadline) % period(l);
    else
        return 0;
    return MIN((left + BIT(shift(l)) - 1) >> shift(l), (u64)l->timer_init);
}

/* What is left of the count is counted at the new rate. */
void lapic_timer_divide(struct vcpu *v, u32 value)
{
    struct lapic *l = &v->lapic;
    u64 left;

    lapic_poll(v, port_now());
    left = lapic_timer_count(v);
    l->divide = value;
    if (!deadline_mode(l) && l->deadline != TIME_NEVER)
        l->deadline = port_now() + (left << shift(l));
}

/* Rounded up: a guest that is interrupted finds its deadline passed. */
static u64 tsc_ns(u64 ticks)
{
    u64 khz = port_tsc_khz(), ms = ticks / khz;

    if (ms > DEADLINE_MS_MAX)
        return TIME_NEVER;
    return ms * 1000000 + (ticks % khz * 1000000 + khz - 1) / khz;
}

void lapic_timer_deadline(struct vcpu *v, u64 tsc)
{
    struct lapic *l = &v->lapic;
    u64 now, now_tsc, wait;

    if (!deadline_mode(l))
        return;
    disarm(l);
    if (!tsc)
        return;
    now = port_now();
    now_tsc = port_tsc() + v->vm->tsc_offset;
    wait = tsc > now_tsc ? tsc_ns(tsc - now_tsc) : 0;
    l->tsc_deadline = tsc;
    l->deadline = wait == TIME_NEVER ? TIME_NEVER : now + wait;
    lapic_poll(v, now);
}
