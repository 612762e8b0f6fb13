/* SPDX-License-Identifier: BSD-2-Clause */
/* pv.c: discovery: KVM's leaves wherever they lie, our own leaf, and the APF dialect that follows from them. */
#include "pv.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "boot.h"
#include "karch.h"
#include "lib/str.h"

#define BLOCKS_MAX 16 /* how many places are searched for KVM's leaves */

enum { EAX, EBX, ECX, EDX };

static struct {
    u32 kvm_features;
    bool ours;
    u32 features, cpus;
    enum fl_personality personality;
} pv;

static u32 find_kvm_features(void)
{
    u32 r[4];

    for (u32 i = 0; i < BLOCKS_MAX; i++) {
        u32 base = KVM_CPUID_BASE + i * KVM_CPUID_BLOCK_STRIDE;

        if (!karch_pv_leaf(base, r))
            break;
        if (r[EBX] == KVM_SIGNATURE_EBX && r[ECX] == KVM_SIGNATURE_ECX && r[EDX] == KVM_SIGNATURE_EDX) {
            karch_pv_leaf(base + (KVM_CPUID_FEATURES - KVM_CPUID_BASE), r);
            return r[EAX];
        }
    }
    return 0;
}

static bool find_ours(void)
{
    u32 r[4];

    return karch_pv_leaf(FL_CPUID_BASE, r) && r[EBX] == FL_SIGNATURE_EBX && r[ECX] == FL_SIGNATURE_ECX &&
           r[EDX] == FL_SIGNATURE_EDX;
}

void pv_init(void)
{
    u32 r[4];

    pv.kvm_features = find_kvm_features();
    pv.ours = find_ours();
    if (!pv.ours)
        return;
    karch_pv_leaf(FL_CPUID_DIALECTS, r);
    pv.personality = r[EBX];
    pv.features = r[ECX];
    pv.cpus = r[EDX];
}

bool pv_has(unsigned feature)
{
    return pv.kvm_features & BIT(feature);
}

u32 pv_clock_msr(void)
{
    if (pv_has(KVM_FEATURE_CLOCK))
        return PV_MSR_SYSTEM_TIME;
    return pv_has(KVM_FEATURE_CLOCK_OLD) ? PV_MSR_SYSTEM_TIME_OLD : 0;
}

u32 pv_wall_msr(void)
{
    if (pv_has(KVM_FEATURE_CLOCK))
        return PV_MSR_WALL_CLOCK;
    return pv_has(KVM_FEATURE_CLOCK_OLD) ? PV_MSR_WALL_CLOCK_OLD : 0;
}

unsigned pv_cpu_count(void)
{
    return pv.cpus;
}

/* Of two that are offered at once `dialect=pf2` chooses the other. */
static enum apf_dialect dialect_of_dual(void)
{
    const char *wish = boot_option("dialect");

    return wish && !strncmp(wish, "pf2", 3) ? APF_PF2 : APF_INT;
}

static enum apf_dialect dialect_of_ours(void)
{
    switch (pv.personality) {
    case FL_APF_NONE:
        return APF_ABSENT;
    case FL_APF_LEGACY:
        return APF_LEGACY;
    case FL_APF_PF2:
        return APF_PF2;
    case FL_APF_INT:
        return APF_INT;
    case FL_APF_DUAL:
        return dialect_of_dual();
    }
    return APF_ABSENT;
}

enum apf_dialect pv_probe_dialect(void)
{
    if (!pv_has(KVM_FEATURE_APF))
        return APF_ABSENT;
    if (pv.ours)
        return dialect_of_ours();
    if (!pv_has(KVM_FEATURE_APF_INT)) /* bit 4 alone says nothing on hosts since 5.8 (A3-6) */
        return APF_ABSENT;
    karch_pv_write(PV_MSR_APF_EN, 0);
    if (!karch_pv_try_write(PV_MSR_APF_PF2, APF_PF2_ON | karch_apf_vector()))
        return APF_INT;
    karch_pv_write(PV_MSR_APF_PF2, 0);
    return APF_PF2;
}

bool host_offers_calls(void)
{
    return pv.ours && pv.features & FL_FEATURE_HYPERCALLS;
}

bool host_stats(struct fl_stats *s, u64 flags)
{
    /* The host wants it within one page, and a stack variable of the caller's need not be. */
    static struct mutex lock;
    static struct fl_stats area __attribute__((aligned(256)));
    bool ok;

    if (!host_offers_calls())
        return false;
    mutex_lock(&lock);
    ok = karch_hypercall(FL_HC_STATS, (u64)(uintptr_t)&area, flags) == 0;
    *s = area;
    mutex_unlock(&lock);
    return ok;
}

bool host_evict(const void *start, u64 bytes)
{
    s64 pages;

    if (!host_offers_calls())
        return false;
    do {
        pages = karch_hypercall(FL_HC_EVICT, (u64)(uintptr_t)start, bytes);
    } while (pages > 0);
    return pages == 0;
}
