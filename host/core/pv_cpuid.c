/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_cpuid.c: what the hypervisor's CPUID leaves say: KVM's block, our own behind it (SPEC A5, A7-1, A7-2). */
#include "pv.h"
#include "vm.h"
#include "port.h"
#include "abi/kvm_cpuid.h"

#define FEATURES_ALWAYS (BIT(KVM_FEATURE_NOP_IO) | BIT(KVM_FEATURE_CLOCK) | BIT(KVM_FEATURE_CLOCK_STABLE))

/* A5-2 */
u32 pv_features(const struct vcpu *v)
{
    u32 apf = BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_VMEXIT);

    switch (v->vm->config.apf) {
    case FL_APF_NONE:
        return FEATURES_ALWAYS;
    case FL_APF_LEGACY:
        return FEATURES_ALWAYS | apf;
    case FL_APF_PF2:
    case FL_APF_INT:
    case FL_APF_DUAL:
        break;
    }
    return FEATURES_ALWAYS | apf | BIT(KVM_FEATURE_APF_INT);
}

static u32 dialects(enum fl_personality p)
{
    switch (p) {
    case FL_APF_NONE:
        return 0;
    case FL_APF_LEGACY:
        return FL_DIALECT_LEGACY;
    case FL_APF_PF2:
        return FL_DIALECT_PF2;
    case FL_APF_INT:
        return FL_DIALECT_INT;
    case FL_APF_DUAL:
        break;
    }
    return FL_DIALECT_PF2 | FL_DIALECT_INT;
}

static void answer(struct exit *e, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
    e->cpuid.eax = eax;
    e->cpuid.ebx = ebx;
    e->cpuid.ecx = ecx;
    e->cpuid.edx = edx;
}

void pv_cpuid(const struct vcpu *v, struct exit *e)
{
    const struct vm *vm = v->vm;

    switch (e->cpuid.leaf) {
    case KVM_CPUID_BASE:
        answer(e, KVM_CPUID_TIMING, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
        return;
    case KVM_CPUID_FEATURES:
        answer(e, pv_features(v), 0, 0, 0);
        return;
    case KVM_CPUID_TIMING:
        answer(e, port_tsc_khz(), APIC_TIMER_HZ / 1000, 0, 0);
        return;
    case FL_CPUID_BASE:
        answer(e, FL_CPUID_DIALECTS, FL_SIGNATURE_EBX, FL_SIGNATURE_ECX, FL_SIGNATURE_EDX);
        return;
    case FL_CPUID_DIALECTS:
        answer(e, dialects(vm->config.apf), vm->config.apf, FL_FEATURE_HYPERCALLS, vm->vcpus);
        return;
    }
    answer(e, 0, 0, 0, 0);
}
