/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_msr.c: which paravirtual MSRs exist, by CPUID (A3-24), and who handles each; values are theirs to check. */
#include "pv.h"
#include "vm.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"

static enum outcome reads(struct exit *e, u64 value)
{
    e->msr.value = value;
    return OUTCOME_DONE;
}

/* A7-8. What it asks for is so anyway: the loop sleeps at once when there is nothing to run. */
static enum outcome poll_control(struct vcpu *v, struct exit *e)
{
    if (!e->msr.write)
        return reads(e, v->poll_msr);
    if (e->msr.value & PV_POLL_RSVD)
        return OUTCOME_GP;
    v->poll_msr = e->msr.value;
    return OUTCOME_DONE;
}

static enum outcome wall_clock(struct vcpu *v, struct exit *e)
{
    return e->msr.write ? pv_clock_wall(v, e->msr.value) : reads(e, at_load(&v->vm->wall_clock_msr));
}

static enum outcome system_time(struct vcpu *v, struct exit *e)
{
    return e->msr.write ? pv_clock_system(v, e->msr.value) : reads(e, v->clock_msr);
}

/* Those that a guest writes once. */
static off_path enum outcome set_up(struct vcpu *v, struct exit *e)
{
    switch (e->msr.index) {
    case PV_MSR_WALL_CLOCK_OLD:
        return pv_works(v, KVM_FEATURE_CLOCK_OLD) ? wall_clock(v, e) : OUTCOME_GP;
    case PV_MSR_SYSTEM_TIME_OLD:
        return pv_works(v, KVM_FEATURE_CLOCK_OLD) ? system_time(v, e) : OUTCOME_GP;
    case PV_MSR_WALL_CLOCK:
        return pv_works(v, KVM_FEATURE_CLOCK) ? wall_clock(v, e) : OUTCOME_GP;
    case PV_MSR_SYSTEM_TIME:
        return pv_works(v, KVM_FEATURE_CLOCK) ? system_time(v, e) : OUTCOME_GP;
    case PV_MSR_STEAL:
        return pv_works(v, KVM_FEATURE_STEAL) ? pv_steal_msr(v, e) : OUTCOME_GP;
    case PV_MSR_EOI:
        return pv_works(v, KVM_FEATURE_EOI) ? pv_eoi_msr(v, e) : OUTCOME_GP;
    case PV_MSR_POLL:
        return pv_works(v, KVM_FEATURE_POLL) ? poll_control(v, e) : OUTCOME_GP;
    }
    return OUTCOME_GP;
}

enum outcome pv_msr(struct vcpu *v, struct exit *e)
{
    switch (e->msr.index) {
    case PV_MSR_APF_EN:
        return pv_works(v, KVM_FEATURE_APF) ? apf_msr(v, e) : OUTCOME_GP;
    case PV_MSR_APF_VEC:
    case PV_MSR_APF_ACK:
        return pv_works(v, KVM_FEATURE_APF_INT) ? apf_msr(v, e) : OUTCOME_GP;
    }
    return set_up(v, e);
}

void pv_reset(struct vcpu *v)
{
    v->clock_msr = 0;
    v->poll_msr = PV_POLL_ON;
    v->kicked = false;
    pv_steal_reset(v);
    pv_eoi_reset(v);
}
