/* SPDX-License-Identifier: BSD-2-Clause */
/* x86.h: the instructions that are measured, and the counter they are measured by. */
#pragma once
#include "lib/types.h"

#define MSR_X2APIC_ID  0x802
#define MSR_X2APIC_EOI 0x80b
#define MSR_X2APIC_ICR 0x830

/* The counter's low half: what is measured is far shorter than its period. */
static always_inline u32 ticks(void)
{
    u32 low;

    __asm__ volatile("rdtsc" : "=a"(low) : : "edx", "memory");
    return low;
}

static always_inline u64 msr_read(u32 msr)
{
    u32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (u64)high << 32 | low;
}

static always_inline void msr_write(u32 msr, u64 v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

static always_inline u64 hypercall(u64 number, u64 arg0, u64 arg1)
{
    u64 result;

    __asm__ volatile("vmmcall" : "=a"(result) : "a"(number), "b"(arg0), "c"(arg1) : "memory");
    return result;
}

/* Ticks that `operation` takes, and the two readings themselves. */
#define TIMED(operation)         \
    ({                           \
        u32 start_ = ticks();    \
        operation;               \
        (s32)(ticks() - start_); \
    })
