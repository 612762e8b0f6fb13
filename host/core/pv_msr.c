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

enum outcome pv_msr(struct vcpu *v, struct exit *e)
{
    u32 features = pv_features(v);

    switch (e->msr.index) {
    case PV_MSR_WALL_CLOCK:
        return e->msr.write ? pv_clock_wall(v, e->msr.value) : reads(e, at_load(&v->vm->wall_clock_msr));
    case PV_MSR_SYSTEM_TIME:
        return e->msr.write ? pv_clock_system(v, e->msr.value) : reads(e, v->clock_msr);
    case PV_MSR_APF_EN:
        return features & BIT(KVM_FEATURE_APF) ? apf_msr(v, e) : OUTCOME_GP;
    case PV_MSR_APF_VEC:
    case PV_MSR_APF_ACK:
        return features & BIT(KVM_FEATURE_APF_INT) ? apf_msr(v, e) : OUTCOME_GP;
    }
    return OUTCOME_GP;
}
