/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm_steal.h: the area of PV_MSR_STEAL: time that a vCPU wanted to run and could not, and whether it runs
 * now (A7-6).
 */
#pragma once
#include <stdint.h>
#include "layout.h"

/* One per vCPU, 64-byte aligned. An odd version: being written. */
struct pv_steal {
    uint64_t steal; /* ns */
    uint32_t version;
    uint32_t flags;    /* 0 */
    uint8_t preempted; /* PV_STEAL_*; the guest may set PV_STEAL_FLUSH by compare-exchange */
    uint8_t pad[47];
} __attribute__((aligned(64)));

#define PV_STEAL_PREEMPTED 0x1 /* does not run now, though it is not halted */
#define PV_STEAL_FLUSH     0x2 /* let the host drop its translations before it runs again (A7-9) */

ABI_ASSERT(sizeof(struct pv_steal) == 64, "A7-6");
ABI_ASSERT(__builtin_offsetof(struct pv_steal, version) == 8, "A7-6");
ABI_ASSERT(__builtin_offsetof(struct pv_steal, preempted) == 16, "A7-6");
