/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_cpuid.c: what the hypervisor's CPUID leaves say: KVM's block, our own behind it (A5, A7-1, A7-2). */
#include "pv.h"
#include "vm.h"
#include "port.h"
#include "abi/kvm_cpuid.h"

#define FEATURES_ALWAYS                                                                                   \
    (BIT(KVM_FEATURE_CLOCK_OLD) | BIT(KVM_FEATURE_NOP_IO) | BIT(KVM_FEATURE_CLOCK) |                      \
     BIT(KVM_FEATURE_STEAL) | BIT(KVM_FEATURE_EOI) | BIT(KVM_FEATURE_KICK) | BIT(KVM_FEATURE_TLB_FLUSH) | \
     BIT(KVM_FEATURE_IPI) | BIT(KVM_FEATURE_POLL) | BIT(KVM_FEATURE_YIELD) | BIT(KVM_FEATURE_CLOCK_STABLE))

/* A5-2 */
static u32 apf_features(enum fl_personality p)
{
    u32 legacy = BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_VMEXIT);

    switch (p) {
    case FL_APF_NONE:
        return 0;
    case FL_APF_LEGACY:
        return legacy;
    case FL_APF_PF2:
    case FL_APF_INT:
    case FL_APF_DUAL:
        break;
    }
    return legacy | BIT(KVM_FEATURE_APF_INT);
}

void pv_init(struct vm *vm)
{
    u32 shown = (FEATURES_ALWAYS | apf_features(vm->config.apf)) & ~vm->config.pv_hidden;

    if (!(shown & BIT(KVM_FEATURE_STEAL)))
        shown &= ~BIT(KVM_FEATURE_TLB_FLUSH); /* A7-9: it lives in the steal time area */
    vm->pv_shown = shown;
    vm->pv_works = vm->config.pv_lax ? ~0u : shown;
}

bool pv_works(const struct vcpu *v, unsigned feature)
{
    return v->vm->pv_works & BIT(feature);
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
        answer(e, vm->pv_shown, 0, 0, 0); /* no hints: vCPUs share CPUs */
        return;
    case KVM_CPUID_TIMING:
        answer(e, vm_tsc_khz(vm), APIC_TIMER_HZ / 1000, 0, 0);
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
