/* SPDX-License-Identifier: BSD-2-Clause */
/* time.c: microseconds out of the TSC, whose rate is asked from the host in the ways there are. */
#include "abi/kvm_clock.h"
#include "runner.h"

#define GUESS_KHZ 2000000u
#define SCALE     32

static u64 us_per_tick; /* times 2^SCALE */

u32 time_leaf_khz(void)
{
    u32 base = host.kvm_base;

    if (!base || cpuid(base, 0).eax < base + (KVM_CPUID_TIMING - KVM_CPUID_BASE))
        return 0;
    return cpuid(base + (KVM_CPUID_TIMING - KVM_CPUID_BASE), 0).eax;
}

/* By the multiplier of the clock area, which is ns per tick; 0: there is none. */
static u32 by_clock(void)
{
    static volatile struct pv_clock area __attribute__((aligned(64)));
    u64 ns_per_tick; /* times 2^32 */

    if (!host_has(KVM_FEATURE_CLOCK) || !msr_write(PV_MSR_SYSTEM_TIME, (u64)(uintptr_t)&area | PV_CLOCK_ON))
        return 0;
    ns_per_tick = area.tsc_shift < 0 ? (u64)area.tsc_to_system_mul >> -area.tsc_shift
                                     : (u64)area.tsc_to_system_mul << area.tsc_shift;
    msr_write(PV_MSR_SYSTEM_TIME, 0);
    return ns_per_tick ? (u32)((1000000ull << SCALE) / ns_per_tick) : 0;
}

void time_init(void)
{
    u32 khz = time_leaf_khz();

    if (!khz)
        khz = by_clock();
    us_per_tick = (1000ull << SCALE) / (khz ? khz : GUESS_KHZ);
}

u64 time_us(void)
{
    return (u64)((unsigned __int128)rdtsc() * us_per_tick >> SCALE);
}

void spin_us(u64 us)
{
    for (u64 end = time_us() + us; time_us() < end;)
        at_relax();
}
