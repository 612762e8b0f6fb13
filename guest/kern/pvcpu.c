/* SPDX-License-Identifier: BSD-2-Clause */
/* pvcpu.c: interrupts that need no end, stolen time, and CPUs that the host should run first. */
#include "pvcpu.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_hypercall.h"
#include "abi/kvm_msr.h"
#include "guest.h"
#include "percpu.h"
#include "pv.h"
#include "pv_area.h"

void pvcpu_start(struct percpu *c)
{
    if (pv_has(KVM_FEATURE_EOI)) {
        c->eoi = 0;
        karch_pv_write(PV_MSR_EOI, (u64)(uintptr_t)&c->eoi | PV_EOI_ON);
    }
    if (pv_has(KVM_FEATURE_STEAL)) {
        c->steal = (struct pv_steal){0};
        karch_pv_write(PV_MSR_STEAL, (u64)(uintptr_t)&c->steal | PV_STEAL_ON);
    }
}

void pvcpu_stop(void)
{
    if (pv_has(KVM_FEATURE_EOI))
        karch_pv_write(PV_MSR_EOI, 0);
    if (pv_has(KVM_FEATURE_STEAL))
        karch_pv_write(PV_MSR_STEAL, 0);
}

u64 cpu_steal_ns(unsigned cpu)
{
    const struct pv_steal *s = &cpus[cpu].steal;
    u32 version;
    u64 ns;

    do {
        version = area_begin(&s->version);
        ns = at_load(&s->steal);
    } while (area_changed(&s->version, version));
    return ns;
}

void pvcpu_boost(const struct percpu *c)
{
    if (at_load(&c->steal.preempted) & PV_STEAL_PREEMPTED && pv_has(KVM_FEATURE_YIELD))
        karch_hypercall(PV_HC_YIELD, c->hw_id, 0);
}

void pvcpu_boost_all(void)
{
    for (unsigned i = 0; i < cpu_count(); i++)
        pvcpu_boost(&cpus[i]);
}
