/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time.c: the time since boot: the host's kvmclock where it is offered (A7-4), else our own scale of the TSC.
 *
 * Our own scale has the form of a kvmclock area that nobody updates, so that there is one way to read the time.
 */
#include "clock.h"
#include "abi/kvm_msr.h"
#include "percpu.h"
#include "pv.h"
#include "pv_area.h"

static struct {
    u32 msr; /* by which the host is told of an area; 0 = it offers no clock */
    u64 khz; /* of the TSC */
    struct pv_clock own;
} clock;

static u64 shifted(u64 v, int shift)
{
    return shift < 0 ? v >> -shift : v << shift;
}

/* The multiplier is a fraction of 2^32, so a counter below 1 GHz is shifted up first. */
static void own_scale(u64 khz)
{
    while (shifted(khz, clock.own.tsc_shift) <= 1000000)
        clock.own.tsc_shift++;
    clock.own.tsc_to_system_mul = (u32)((1000000ull << 32) / shifted(khz, clock.own.tsc_shift));
    clock.own.tsc_timestamp = karch_tsc();
}

/* The scale the other way round. */
static u64 khz_of(const struct pv_clock *s)
{
    return shifted((1000000ull << 32) / s->tsc_to_system_mul, -s->tsc_shift);
}

void clock_init(void)
{
    clock.msr = pv_clock_msr();
    if (!clock.msr) {
        clock.khz = karch_tsc_khz();
        own_scale(clock.khz);
    }
}

void clock_cpu_init(struct percpu *c)
{
    if (!clock.msr)
        return;
    karch_pv_write(clock.msr, (u64)(uintptr_t)&c->clock | PV_CLOCK_ON);
    if (!clock.khz)
        clock.khz = khz_of(&c->clock);
}

void clock_cpu_stop(void)
{
    if (clock.msr)
        karch_pv_write(clock.msr, 0);
}

/* Interrupts off. */
static u64 read_ns(const struct pv_clock *s)
{
    u32 version;
    u64 ns;

    do {
        version = area_begin(&s->version);
        ns = shifted(karch_tsc() - s->tsc_timestamp, s->tsc_shift);
        ns = (u64)((unsigned __int128)ns * s->tsc_to_system_mul >> 32) + s->system_time;
    } while (area_changed(&s->version, version));
    return ns;
}

u64 time_ns(void)
{
    bool on = karch_irq_save();
    u64 ns = read_ns(clock.msr ? &karch_cpu()->clock : &clock.own);

    karch_irq_restore(on);
    return ns;
}

u64 clock_ticks(u64 ns)
{
    return MIN(ns, CLOCK_TICKS_MAX_NS) * clock.khz / 1000000;
}
