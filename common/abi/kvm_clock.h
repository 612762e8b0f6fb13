/* SPDX-License-Identifier: BSD-2-Clause */
/* kvm_clock.h: the time areas of MSR 0x4b564d00 and 0x4b564d01 (A7-4, A7-5). */
#pragma once
#include <stdint.h>
#include "layout.h"

/* ns = system_time + (((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul >> 32); odd version = being written. */
struct pv_clock {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift; /* negative = shift right */
    uint8_t flags;
    uint8_t pad[2];
};

#define PV_CLOCK_STABLE 0x1 /* flags: monotonic across vCPUs; valid with KVM_FEATURE_CLOCK_STABLE */

struct pv_wall_clock {
    uint32_t version;
    uint32_t sec;
    uint32_t nsec;
};

ABI_ASSERT(sizeof(struct pv_clock) == 32, "A7-4");
ABI_ASSERT(__builtin_offsetof(struct pv_clock, tsc_to_system_mul) == 24, "A7-4");
ABI_ASSERT(sizeof(struct pv_wall_clock) == 12, "A7-5");
