/* SPDX-License-Identifier: BSD-2-Clause */
/* enforce.c: MSRs and bits that CPUID does not announce, and a VM without a local APIC. */
#include "conf.h"

static const u32 msrs[] = {PV_MSR_APF_EN, PV_MSR_APF_VEC, PV_MSR_APF_ACK};

static void inaccessible(u32 msr)
{
    u64 value;

    expect(!msr_read(msr, &value), "#GP for RDMSR 0x%x; seen: none", msr);
    expect(!msr_write(msr, 0), "#GP for WRMSR 0x%x; seen: none", msr);
}

void conf_A3_24_hidden(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++)
        inaccessible(msrs[i]);
}

void conf_A3_24_no_bit_14(void)
{
    if (!host_has(KVM_FEATURE_APF) || host_has(KVM_FEATURE_APF_INT)) {
        skip("bit 14 is there, or bit 4 is not");
        return;
    }
    inaccessible(PV_MSR_APF_VEC);
    inaccessible(PV_MSR_APF_ACK);
    msr_get(PV_MSR_APF_EN);
    msr_set(PV_MSR_APF_EN, 0);
}

void conf_A3_24_no_bit_4(void)
{
    if (host_has(KVM_FEATURE_APF) || !host_has(KVM_FEATURE_APF_INT)) {
        skip("bit 4 is there, or bit 14 is not");
        return;
    }
    inaccessible(PV_MSR_APF_EN);
    msr_set(PV_MSR_APF_VEC, VECTOR);
    expect_eq("the vector", msr_get(PV_MSR_APF_VEC), VECTOR);
    msr_get(PV_MSR_APF_ACK);
}

void conf_A3_25_open(void)
{
    if (host_has(KVM_FEATURE_APF) && host_has(KVM_FEATURE_APF_INT)) {
        skip("CPUID announces all of them");
        return;
    }
    msr_set(PV_MSR_APF_VEC, VECTOR);
    expect_eq("the vector", msr_get(PV_MSR_APF_VEC), VECTOR);
    msr_set(PV_MSR_APF_EN, APF_EN_ALWAYS);
    expect_eq("EN", msr_get(PV_MSR_APF_EN), APF_EN_ALWAYS);
    msr_set(PV_MSR_APF_ACK, APF_ACK_READY);
    expect_eq("ACK", msr_get(PV_MSR_APF_ACK), 0);
}

/* EN with a bit that CPUID does not announce. */
static void unannounced(u64 bit)
{
    u64 slot = (u64)(uintptr_t)this_cpu()->apf.slot;

    msr_set(PV_MSR_APF_EN, APF_EN_ALWAYS);
    expect(!msr_write(PV_MSR_APF_EN, bit), "#GP for EN = 0x%lx; seen: none", bit);
    expect(!msr_write(PV_MSR_APF_EN, slot | APF_EN_ON | bit), "#GP for EN on, and 0x%lx; seen: none", bit);
    expect_eq("EN", msr_get(PV_MSR_APF_EN), APF_EN_ALWAYS);
}

void conf_A3_11_bit_10_hidden(void)
{
    if (!host_has(KVM_FEATURE_APF) || host_has(KVM_FEATURE_APF_VMEXIT))
        skip("bit 10 is there, or bit 4 is not");
    else
        unannounced(APF_EN_VMEXIT);
}

void conf_A3_12_bit_14_hidden(void)
{
    if (!host_has(KVM_FEATURE_APF) || host_has(KVM_FEATURE_APF_INT))
        skip("bit 14 is there, or bit 4 is not");
    else
        unannounced(APF_EN_INT);
}

void conf_A3_13_no_apic(void)
{
    u64 slot = (u64)(uintptr_t)this_cpu()->apf.slot;

    msr_set(PV_MSR_APF_EN, 0);
    expect(!msr_write(PV_MSR_APF_EN, slot | en_bits()), "#GP for EN on; seen: none");
    expect(!msr_write(PV_MSR_APF_EN, APF_EN_ALWAYS), "#GP for EN off with bit 1; seen: none");
    expect_eq("EN", msr_get(PV_MSR_APF_EN), 0);
}

void conf_A3_19_no_apic(void)
{
    expect(!msr_write(PV_MSR_APF_VEC, 0), "#GP for vector 0; seen: none");
    expect(!msr_write(PV_MSR_APF_VEC, VECTOR), "#GP for a vector; seen: none");
    expect_eq("the vector", msr_get(PV_MSR_APF_VEC), 0);
}
