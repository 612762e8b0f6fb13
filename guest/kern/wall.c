/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wall.c: the time of day at which time_ns() was 0: the host tells it (A7-5), else the machine's real-time clock does.
 *
 * Asked for at first use: most programs never do, and reading a real-time clock is dear.
 */
#include "abi/kvm_clock.h"
#include "guest.h"
#include "karch.h"
#include "pv.h"
#include "pv_area.h"

#define NS_PER_S 1000000000ull

static struct mutex lock;
static u32 known;
static u64 start_ns;

/* 0 where the host has no such register, or does not know the date itself. */
static u64 ask_host(void)
{
    static struct pv_wall_clock area __attribute__((aligned(16)));
    u32 msr = pv_wall_msr(), version;
    u64 ns;

    if (!msr)
        return 0;
    karch_pv_write(msr, (u64)(uintptr_t)&area);
    do {
        version = area_begin(&area.version);
        ns = area.sec * NS_PER_S + area.nsec;
    } while (area_changed(&area.version, version));
    return ns;
}

static u64 ask_machine(void)
{
    u64 seconds = karch_rtc_seconds(), now = time_ns();

    return seconds * NS_PER_S > now ? seconds * NS_PER_S - now : 0;
}

u64 wall_start_ns(void)
{
    if (at_load_acq(&known))
        return start_ns;
    mutex_lock(&lock);
    if (!known) {
        start_ns = ask_host();
        if (!start_ns)
            start_ns = ask_machine();
        at_store_rel(&known, 1);
    }
    mutex_unlock(&lock);
    return start_ns;
}
