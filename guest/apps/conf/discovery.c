/* SPDX-License-Identifier: BSD-2-Clause */
/* discovery.c: what the leaves of CPUID say, and the probe for a host that has none of ours. */
#include "conf.h"
#include "abi/faultline.h"
#include "cpuid.h"

#define APF_FEATURES (BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_VMEXIT) | BIT(KVM_FEATURE_APF_INT))

void conf_A7_1_signature(void)
{
    struct cpuid_regs r = cpuid(host.kvm_base, 0);

    expect(cpuid(1, 0).ecx & BIT(CPUID1_ECX_HYPERVISOR), "bit 31 of CPUID.1 ECX");
    expect_eq("EBX", r.ebx, KVM_SIGNATURE_EBX);
    expect_eq("ECX", r.ecx, KVM_SIGNATURE_ECX);
    expect_eq("EDX", r.edx, KVM_SIGNATURE_EDX);
    expect(r.eax == 0 || r.eax > host.kvm_base, "a highest leaf behind the first; seen: 0x%x", r.eax);
}

void conf_A1_1_bits(void)
{
    expect_eq("bits 4 and 14", host.features & APF_FEATURES & ~BIT(KVM_FEATURE_APF_VMEXIT),
              BIT(KVM_FEATURE_APF));
    msr_get(PV_MSR_APF_EN);
}

static void three_msrs(void)
{
    u64 need = BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_INT);

    expect_eq("bits 4 and 14", host.features & need, need);
    msr_get(PV_MSR_APF_EN);
    msr_get(PV_MSR_APF_VEC);
    msr_get(PV_MSR_APF_ACK);
}

void conf_A2_4_bits(void)
{
    three_msrs();
}

void conf_A3_5_bits(void)
{
    three_msrs();
}

/* By the personality that our leaf tells; bit 10 may be there or not (T-A-002). */
void conf_A5_2_bits(void)
{
    u32 need = BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_INT);

    if (host.personality == FL_APF_NONE)
        need = 0;
    else if (host.personality == FL_APF_LEGACY)
        need = BIT(KVM_FEATURE_APF);
    expect_eq("bits 4 and 14", host.features & APF_FEATURES & ~BIT(KVM_FEATURE_APF_VMEXIT), need);
    expect(need || !(host.features & APF_FEATURES), "no bit 10 without APF");
}

void conf_A5_1_personality(void)
{
    static const u32 dialects[] = {
        [FL_APF_NONE] = 0,
        [FL_APF_LEGACY] = FL_DIALECT_LEGACY,
        [FL_APF_PF2] = FL_DIALECT_PF2,
        [FL_APF_INT] = FL_DIALECT_INT,
        [FL_APF_DUAL] = FL_DIALECT_PF2 | FL_DIALECT_INT,
    };
    struct cpuid_regs r = cpuid(FL_CPUID_DIALECTS, 0);

    if (expect(r.ebx < ARRAY_SIZE(dialects), "a personality below %lu; seen: %u", ARRAY_SIZE(dialects),
               r.ebx))
        expect_eq("its dialects", r.eax, dialects[r.ebx]);
}

void conf_A5_3_leaf(void)
{
    struct cpuid_regs r = cpuid(FL_CPUID_BASE, 0);

    expect(r.eax >= FL_CPUID_DIALECTS && r.eax < FL_CPUID_BASE + KVM_CPUID_BLOCK_STRIDE,
           "a highest leaf of 0x%x at least; seen: 0x%x", FL_CPUID_DIALECTS, r.eax);
    expect_eq("EBX", r.ebx, FL_SIGNATURE_EBX);
    expect_eq("ECX", r.ecx, FL_SIGNATURE_ECX);
    expect_eq("EDX", r.edx, FL_SIGNATURE_EDX);
}

void conf_A5_4_probe(void)
{
    bool pf2 = host.dialects & D_PF2;

    msr_set(PV_MSR_APF_VEC, VECTOR);
    expect_eq("WRMSR of vector and bit 8 is accepted", msr_write(PV_MSR_APF_PF2, APF_PF2_ON | VECTOR), pf2);
    expect_eq("the register", msr_get(PV_MSR_APF_PF2), pf2 ? APF_PF2_ON | VECTOR : VECTOR);
    msr_set(PV_MSR_APF_PF2, 0);
    expect_quiet(events_now());
}

/* What one bit promises rests on what others do. */
void conf_A7_2_consistent(void)
{
    static const struct {
        u8 bit, needs;
    } rule[] = {
        {KVM_FEATURE_TLB_FLUSH, KVM_FEATURE_STEAL},
        {KVM_FEATURE_APF_VMEXIT, KVM_FEATURE_APF},
        {KVM_FEATURE_CLOCK_STABLE, KVM_FEATURE_CLOCK},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rule); i++)
        expect(!host_has(rule[i].bit) || host_has(rule[i].needs),
               "feature %u only with feature %u; seen: 0x%08x", rule[i].bit, rule[i].needs, host.features);
}
