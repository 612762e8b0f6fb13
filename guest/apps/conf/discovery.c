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

void conf_A3_39_told(void)
{
    u64 *page = page_new();
    struct event *e;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    e = touch_absent(page);
    if (!e)
        return;
    expect_eq("CR2, upper half", e->cr2 >> 32, 0);
    expect_eq("state of the page", (u64)page_state(page), HOOK_IS_AWAITED);
}

void conf_A3_32_ready(void)
{
    u64 *page = page_new();
    struct event *told, *ready;
    u32 from;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    told = touch_absent(page);
    if (!told)
        return;
    from = events_now();
    done(page, 0);
    ready = event_wait(from, EV_READY, 1, SOON);
    if (!expect(ready, "ready after the page has come"))
        return;
    expect_eq("token", ready->id, told->id);
    expect_contents(page);
}
