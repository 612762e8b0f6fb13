/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exits.c: round trips into the host, one kind after the other.
 *
 * Each is timed by two readings of the counter around one instruction. Of each result is taken off what the readings
 * cost by themselves, so the instruction that exits is included. A sample in which the host had other work as well
 * (its timer) is far off, and the median does not see it.
 */
#include "measure.h"
#include "vector.h"
#include "abi/kvm_msr.h"
#include <stdlib.h>

#define ICR_FIXED 0x4000 /* edge, asserted */

static s32 sample[SAMPLES_MAX];

static void cpuid_0(void)
{
    u32 a = 0, c = 0;

    __asm__ volatile("cpuid" : "+a"(a), "+c"(c) : : "ebx", "edx", "memory");
}

static void unmap(volatile u8 *page)
{
    (void)hypercall(FL_HC_UNMAP, (u64)(uintptr_t)page, PAGE_SIZE);
}

/* The pages are in memory, dirty, and no longer mapped; the tables above them are. */
static void nested_faults(void)
{
    static volatile u8 page[2 * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

    page[0] = page[PAGE_SIZE] = 1;
    MEASURE("npf_write", sample, SAMPLES_MAX, unmap(page), page[0] = 1);
    MEASURE("npf_read", sample, SAMPLES_MAX, unmap(page), (void)page[0]);
}

#define FRESH 256

static void fresh_pages(void)
{
    volatile u8 *fresh = aligned_alloc(PAGE_SIZE, FRESH * PAGE_SIZE);

    if (fresh)
        MEASURE("npf_fresh", sample, FRESH, (void)0, fresh[i * PAGE_SIZE] = 1);
}

static void self_ipi(void)
{
    u64 icr = msr_read(MSR_X2APIC_ID) << 32 | ICR_FIXED | VECTOR_OWN;
    static s32 eoi[SAMPLES_MAX];

    vector_own();
    for (unsigned i = 0; i < SAMPLES_MAX; i++) {
        u32 start = ticks(), none = (u32)TIMED((void)0);

        start = ticks();
        msr_write(MSR_X2APIC_ICR, icr);
        sample[i] = (s32)(vector_own_at - start - VECTOR_LEAD - none);
        eoi[i] = (s32)(vector_own_eoi - none);
    }
    figure_median("self_ipi", sample, SAMPLES_MAX);
    figure_median("eoi_exit", eoi, SAMPLES_MAX);
}

void bench_exits(void)
{
    MEASURE("cpuid_exit", sample, SAMPLES_MAX, (void)0, cpuid_0());
    MEASURE("rdmsr_exit", sample, SAMPLES_MAX, (void)0, (void)msr_read(PV_MSR_APF_EN));
    MEASURE("hypercall_exit", sample, SAMPLES_MAX, (void)0, (void)hypercall(0, 0, 0));
    MEASURE("ack_exit", sample, SAMPLES_MAX, (void)0, msr_write(PV_MSR_APF_ACK, APF_ACK_READY));
    nested_faults();
    fresh_pages();
    self_ipi();
}
