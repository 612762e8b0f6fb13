/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv.h: the paravirtual face of the host: CPUID leaves, MSRs 0x4b564d00-ff, hypercalls (SPEC A3.2, A5, A7).
 *
 * Owner only. An MSR that the CPUID bits do not announce does not exist: #GP (A3-24, A3-25). What needs a page of
 * guest memory that is absent has the page brought in and is executed again (OUTCOME_AGAIN).
 */
#pragma once
#include "exit.h"

struct vcpu;

/* Leaves 0x40000000-0x400001ff. */
void pv_cpuid(const struct vcpu *v, struct exit *e);
/* MSRs 0x4b564d00-0x4b564dff. */
enum outcome pv_msr(struct vcpu *v, struct exit *e);
enum outcome pv_hypercall(struct vcpu *v, struct exit *e);
/* FL_HC_PRECOPY, of a caller that may. */
enum outcome pv_precopy(struct vcpu *v, struct exit *e);

/* EAX of leaf 0x40000001: the KVM feature bits of this VM. */
u32 pv_features(const struct vcpu *v);

/*
 * Writes of the system time and wall clock MSRs. An area to be filled in that is not memory, or not 4-byte
 * aligned, is #GP.
 */
enum outcome pv_clock_system(struct vcpu *v, u64 value);
enum outcome pv_clock_wall(struct vcpu *v, u64 value);
