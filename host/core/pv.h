/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv.h: the paravirtual face of the host: CPUID leaves, MSRs 0x11, 0x12, 0x4b564d00-ff, hypercalls (A3.2, A5, A7).
 *
 * Owner only. An MSR that the CPUID bits do not announce does not exist: #GP (A3-24); likewise a hypercall: -PV_ENOSYS.
 * A VM may be told to have them all whatever CPUID says (A3-25). What needs a page of guest memory that is
 * absent has the page brought in and is executed again (OUTCOME_AGAIN).
 */
#pragma once
#include "save.h"

struct vcpu;
struct vm;

/* Leaves 0x40000000-0x400001ff. */
void pv_cpuid(const struct vcpu *v, struct exit *e);
/* MSRs 0x11, 0x12, 0x4b564d00-0x4b564dff. */
enum outcome pv_msr(struct vcpu *v, struct exit *e);
enum outcome pv_hypercall(struct vcpu *v, struct exit *e);
/* FL_HC_PRECOPY, FL_HC_SAVE, of a caller that may. */
enum outcome pv_precopy(struct vcpu *v, struct exit *e);
enum outcome pv_save(struct vcpu *v, struct exit *e);

/* 0, or a negated PV_E*. */
u64 pv_save_result(enum save_error e);
/*
 * HOOK_SAVE: `e` is the write to the command port. AGAIN: the save has begun. DONE: it could not, *result says why.
 * Later the hook's result becomes a negated PV_E* if it has failed, and 1 in the VM that is restored.
 */
enum outcome save_and_go_on(struct vcpu *v, const struct exit *e, bool apf_first, u32 *result);

/* Settle what a VM of this configuration offers: vm->pv_shown and vm->pv_works. */
void pv_init(struct vm *vm);
/* Whether what belongs to this feature bit exists for the guest. */
bool pv_works(const struct vcpu *v, unsigned feature);
/* INIT and reset: all of a vCPU's paravirtual MSRs but those of APF, which has its own. */
void pv_reset(struct vcpu *v);

/* PV_HC_IPI, _KICK, _YIELD, the first two with their result. */
u64 pv_send_ipi(struct vcpu *v, const struct exit *e);
u64 pv_kick(struct vcpu *v, u64 id);
enum outcome pv_yield(struct vcpu *v, u64 id);

/*
 * Writes of the system time and wall clock MSRs. An area to be filled in that is not memory, or not 4-byte
 * aligned, is #GP.
 */
enum outcome pv_clock_system(struct vcpu *v, u64 value);
enum outcome pv_clock_wall(struct vcpu *v, u64 value);
