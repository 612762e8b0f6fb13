/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: measure TSC and local APIC timer once, then convert between their ticks and nanoseconds. */
#include "clock.h"
#include "cpu.h"
#include "port.h"
#include "smp.h"
#include "xapic.h"

#define PIT_HZ         1193182u
#define PIT_CH2        0x42
#define PIT_COMMAND    0x43
#define PIT_CH2_MODE0  0xb0 /* channel 2, low then high byte, mode 0: OUT rises at the end */
#define PORT_B         0x61
#define PORT_B_GATE2   0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2    0x20

#define MEASURE_TICKS 11932u /* 10 ms */
#define MEASURE_MAX   16
#define MEASURE_AGREE 1000 /* two measurements that differ by no more than one part in so many are right */
#define MEASURE_POLLS 10000000u
#define NS_SHIFT      32 /* ns = ticks * ns_mult >> NS_SHIFT, in 128 bits */

static u64 tsc_start, tsc_khz, ns_mult; /* written once by clock_init() */
static u64 apic_mult;                   /* APIC ticks = ns * apic_mult >> NS_SHIFT */

/* Lets the PIT count MEASURE_TICKS down and says what the two counters made of it. */
static bool measure(u64 *tsc, u32 *apic)
{
    u8 b = in8(PORT_B) & (u8) ~(PORT_B_GATE2 | PORT_B_SPEAKER);
    u64 t0;
    u32 a0;

    out8(PORT_B, b);
    out8(PIT_COMMAND, PIT_CH2_MODE0);
    out8(PIT_CH2, MEASURE_TICKS & 0xff);
    out8(PIT_CH2, MEASURE_TICKS >> 8);
    xapic_timer(~0u);
    t0 = rdtsc();
    a0 = xapic_timer_now();
    out8(PORT_B, b | PORT_B_GATE2);
    for (unsigned i = 0; i < MEASURE_POLLS; i++) {
        if (!(in8(PORT_B) & PORT_B_OUT2))
            continue;
        *tsc = rdtsc() - t0;
        *apic = a0 - xapic_timer_now();
        xapic_timer(0);
        return true;
    }
    return false;
}

bool clock_init(void)
{
    u64 tsc = ~0ull;
    u32 apic = ~0u;
    bool agreed = false;

    /* A measurement is only ever disturbed upwards, by a pause before the PIT's start or behind its end. */
    for (int i = 0; i < MEASURE_MAX && !agreed; i++) {
        u64 t;
        u32 a;

        if (!measure(&t, &a))
            return false;
        agreed = MAX(t, tsc) - MIN(t, tsc) <= t / MEASURE_AGREE;
        tsc = MIN(tsc, t);
        apic = MIN(apic, a);
    }
    tsc_khz = (tsc * PIT_HZ / MEASURE_TICKS + 500) / 1000;
    if (!tsc_khz || !apic)
        return false;
    ns_mult = (1000000ull << NS_SHIFT) / tsc_khz;
    apic_mult = ((u64)apic << NS_SHIFT) / (MEASURE_TICKS * 1000000000ull / PIT_HZ);
    tsc_start = rdtsc();
    return true;
}

u64 clock_tsc_khz(void)
{
    return tsc_khz;
}

u64 clock_ns(void)
{
    return (u64)((unsigned __int128)(rdtsc() - tsc_start) * ns_mult >> NS_SHIFT);
}

static void arm(u64 deadline)
{
    u64 now = clock_ns(), ticks = 1;

    if (deadline > now)
        ticks = MIN((u64)((unsigned __int128)(deadline - now) * apic_mult >> NS_SHIFT) + 1, (u64)~0u);
    xapic_timer((u32)ticks);
}

void clock_set(u64 deadline)
{
    struct cpu *c = this_cpu();

    if (deadline == c->timer_deadline)
        return;
    c->timer_deadline = deadline;
    if (deadline == TIME_NEVER)
        xapic_timer(0);
    else
        arm(deadline);
}

void clock_irq(void)
{
    struct cpu *c = this_cpu();

    if (c->timer_deadline == TIME_NEVER)
        return;
    if (clock_ns() < c->timer_deadline)
        arm(c->timer_deadline);
    else
        c->timer_deadline = TIME_NEVER;
}
