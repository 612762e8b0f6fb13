/* SPDX-License-Identifier: BSD-2-Clause */
/* discovery.c: one case of each kind. */
#include "conf.h"

void conf_A7_1_signature(void)
{
    struct cpuid_regs r = cpuid(KVM_CPUID_BASE, 0);

    expect_eq("EBX", r.ebx, KVM_SIGNATURE_EBX);
    expect_eq("ECX", r.ecx, KVM_SIGNATURE_ECX);
    expect_eq("EDX", r.edx, KVM_SIGNATURE_EDX);
    expect(r.eax == 0 || r.eax >= KVM_CPUID_FEATURES, "a highest leaf of 0x40000001 at least; seen: 0x%x",
           r.eax);
}

void conf_A3_14_hole(void)
{
    u64 before;

    if (!apf_start())
        return;
    before = msr_get(PV_MSR_APF_EN);
    expect(!msr_write(PV_MSR_APF_EN, host_hole() | en_bits()), "#GP; seen: none");
    expect_eq("EN", msr_get(PV_MSR_APF_EN), before);
}

void conf_A3_30_wake_all(void)
{
    u32 from = events_now();

    if (!apf_start())
        return;
    expect_eq("flags", event_since(from, EV_READY, 0)->word0, 0);
    expect_eq("vector", event_since(from, EV_READY, 0)->vector, VECTOR);
    expect_quiet(events_now());
}
