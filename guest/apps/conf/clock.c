/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: the clock areas and poll control (A7-3 … A7-5, A7-8). */
#include "conf.h"
#include "abi/kvm_clock.h"

#define NS_PER_S      1000000000u
#define FIRST_UNKNOWN 0x4b564d09u /* behind that of migration control */

static struct pv_clock area[CPUS_MAX] __attribute__((aligned(64)));

/* By the version protocol (A7-4). */
static u64 clock_ns(const struct pv_clock *c)
{
    u64 ns, ticks;
    u32 version;

    do {
        version = at_load_acq(&c->version);
        ticks = rdtsc() - at_load(&c->tsc_timestamp);
        ticks = c->tsc_shift < 0 ? ticks >> -c->tsc_shift : ticks << c->tsc_shift;
        ns =
            at_load(&c->system_time) + (u64)((unsigned __int128)ticks * at_load(&c->tsc_to_system_mul) >> 32);
        at_fence_rd();
    } while ((version & 1) || version != at_load(&c->version));
    return ns;
}

static struct pv_clock *clock_on(void)
{
    struct pv_clock *c = &area[this_cpu()->id];

    msr_set(PV_MSR_SYSTEM_TIME, (u64)(uintptr_t)c | PV_CLOCK_ON);
    spin_us(1);
    return c;
}

void conf_A7_4_area(void)
{
    struct pv_clock *c = clock_on();

    expect(!(c->version & 1) && c->version, "an even version that is not 0; seen: %u", c->version);
    expect(c->tsc_to_system_mul, "a multiplier");
    expect(!host_has(KVM_FEATURE_CLOCK_STABLE) || c->flags & PV_CLOCK_STABLE, "the flag of a stable clock");
    expect_eq("the MSR", msr_get(PV_MSR_SYSTEM_TIME), (u64)(uintptr_t)c | PV_CLOCK_ON);
    msr_set(PV_MSR_SYSTEM_TIME, 0);
}

void conf_A7_4_monotonic(void)
{
    struct pv_clock *c = clock_on();
    u64 last = clock_ns(c), start = last, now = last;

    for (unsigned i = 0; i < 2000; i++, last = now) {
        now = clock_ns(c);
        if (!expect(now >= last, "time that does not go back; seen: 0x%lx after 0x%lx", now, last))
            break;
    }
    expect(now > start, "time that passes");
    msr_set(PV_MSR_SYSTEM_TIME, 0);
}

/* Beside what the host's timing leaf says of the TSC. */
void conf_A7_4_rate(void)
{
    u32 khz = time_leaf_khz();
    u64 ns, ticks, due;
    struct pv_clock *c;

    if (!khz) {
        skip("the host has no timing leaf");
        return;
    }
    c = clock_on();
    ns = clock_ns(c);
    ticks = rdtsc();
    spin_us(5000);
    ns = clock_ns(c) - ns;
    due = (rdtsc() - ticks) * 1000000 / khz;
    expect(ns > due * 9 / 10 && ns < due * 11 / 10, "%lu ns within a tenth; seen: %lu", due, ns);
    msr_set(PV_MSR_SYSTEM_TIME, 0);
}

/* Written anew again and again by the host while this CPU reads. */
static void write_anew(void *of)
{
    for (unsigned i = 0; i < 200; i++)
        msr_set(PV_MSR_SYSTEM_TIME, (u64)(uintptr_t)of | PV_CLOCK_ON);
    msr_set(PV_MSR_SYSTEM_TIME, 0);
}

void conf_A7_4_not_torn(void)
{
    struct pv_clock *c = clock_on();
    u64 last = clock_ns(c);

    cpu_start(1, write_anew, c);
    for (unsigned i = 0; i < 2000; i++) {
        u64 now = clock_ns(c);

        if (!expect(now + NS_PER_S / 1000 >= last && now < last + 10ull * NS_PER_S,
                    "a time near the last one, 0x%lx; seen: 0x%lx", last, now))
            break;
        last = now;
    }
    cpu_wait(1);
    msr_set(PV_MSR_SYSTEM_TIME, 0);
}

void conf_A7_5_wall_clock(void)
{
    static struct pv_wall_clock w __attribute__((aligned(64)));

    w = (struct pv_wall_clock){.nsec = NS_PER_S};
    msr_set(PV_MSR_WALL_CLOCK, (u64)(uintptr_t)&w);
    expect(!(at_load(&w.version) & 1) && at_load(&w.version), "an even version that is not 0");
    expect(at_load(&w.nsec) < NS_PER_S, "ns below 10^9; seen: %u", at_load(&w.nsec));
}

void conf_A7_3_old_clock(void)
{
    u64 old, new;

    if (!host_has(KVM_FEATURE_CLOCK_OLD)) {
        skip("the host announces no old clock");
        return;
    }
    new = (u64)(uintptr_t)&area[this_cpu()->id] | PV_CLOCK_ON;
    msr_set(PV_MSR_SYSTEM_TIME_OLD, new);
    old = msr_get(PV_MSR_SYSTEM_TIME_OLD);
    expect_eq("the old MSR", old, new);
    expect(area[this_cpu()->id].version, "the area is filled in");
    msr_set(PV_MSR_SYSTEM_TIME_OLD, 0);
}

void conf_A7_3_unknown(void)
{
    u64 value = 0;

    for (u32 msr = FIRST_UNKNOWN; msr <= PV_MSR_LAST; msr++) {
        expect(!msr_read(msr, &value), "#GP for RDMSR 0x%x; seen: 0x%lx", msr, value);
        expect(!msr_write(msr, 0), "#GP for WRMSR 0x%x; seen: none", msr);
    }
}

void conf_A7_8_poll(void)
{
    expect_eq("the MSR after reset", msr_get(PV_MSR_POLL), PV_POLL_ON);
    msr_set(PV_MSR_POLL, 0);
    expect_eq("the MSR", msr_get(PV_MSR_POLL), 0);
    expect(!msr_write(PV_MSR_POLL, 2), "#GP for bit 1; seen: none");
    expect_eq("the MSR after #GP", msr_get(PV_MSR_POLL), 0);
    msr_set(PV_MSR_POLL, PV_POLL_ON);
}
