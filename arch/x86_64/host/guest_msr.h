/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_msr.h: the architecture's own MSRs that a guest does not reach natively, whatever virtualises it. */
#pragma once
#include "exit.h"

/* Where the vCPU keeps those that are state. */
struct guest_msrs {
    u64 *efer, *pat;
    u64 cr0, tsc_offset;
    bool *flush; /* set if translations have to be dropped */
};

/* A read or write, as hw_msr(). */
enum outcome guest_msr(struct guest_msrs m, struct exit *e);
