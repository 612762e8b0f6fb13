/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_msr.h: the architecture's own MSRs, whatever virtualises the guest. */
#pragma once
#include "exit.h"

/* Those that it does reach: an entry and an exit exchange them, or the host does not use them. */
#define GUEST_NATIVE_MSRS 10
extern const u32 guest_native_msrs[GUEST_NATIVE_MSRS];

/* Where the vCPU keeps those that are state. */
struct guest_msrs {
    u64 *efer, *pat;
    u64 cr0, tsc_offset;
    bool *flush; /* set if translations have to be dropped */
};

/* A read or write, as hw_msr(). */
enum outcome guest_msr(struct guest_msrs m, struct exit *e);
