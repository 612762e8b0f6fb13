/* SPDX-License-Identifier: BSD-2-Clause */
/* tsc.c: how fast the time stamp counter runs: told by the host, or measured against the PIT's channel 2. */
#include "abi/kvm_cpuid.h"
#include "cpu.h"
#include "karch.h"
#include "panic.h"

#define PIT_HZ       1193182u
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_C2_MODE0 0xb0 /* channel 2, both bytes, count down once */
#define PORT_B       0x61 /* bit 0: channel 2 counts; bit 1: speaker; bit 5: its output */
#define PORT_B_GATE  0x01
#define PORT_B_OUT   0x20
#define MEASURE_MS   10
#define POLLS_MAX    100000000u

u64 karch_tsc_khz(void)
{
    u32 leaf[4], polls = 0;
    u16 count = PIT_HZ * MEASURE_MS / 1000;
    u8 b = (in8(PORT_B) & ~0x3u) | PORT_B_GATE;
    u64 start;

    if (karch_pv_leaf(KVM_CPUID_BASE, leaf) && leaf[0] >= KVM_CPUID_TIMING) {
        karch_pv_leaf(KVM_CPUID_TIMING, leaf);
        if (leaf[0])
            return leaf[0];
    }
    out8(PORT_B, b);
    out8(PIT_COMMAND, PIT_C2_MODE0);
    out8(PIT_CHANNEL2, count & 0xff);
    out8(PIT_CHANNEL2, count >> 8);
    start = rdtsc();
    while (!(in8(PORT_B) & PORT_B_OUT))
        if (++polls == POLLS_MAX)
            panic("no way to measure the time stamp counter");
    return MAX((rdtsc() - start) / MEASURE_MS, 1ull);
}
