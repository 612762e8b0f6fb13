/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpuid_view.c: show a guest those features of the CPU that it may use, in a topology of its own.
 *
 * Features are listed, not struck out: what nobody has thought about is hidden. Left out on purpose: XSAVE and all
 * that needs it (only FXSAVE state is switched), RDTSCP and RDPID (TSC_AUX is the host's), MONITOR, SVM, PCID, MTRRs
 * and machine check (their MSRs are #GP), and everything whose MSRs do not exist here.
 */
#include "cpuid_view.h"
#include "cpuid.h"
#include "hw.h"
#include "vm.h"
#include "abi/kvm_cpuid.h"

#define LEAF_MAX     0x0bu
#define LEAF_EXT_MAX 0x80000008u

#define LEAF1_ECX                                                                                      \
    (BIT(CPUID1_ECX_SSE3) | BIT(CPUID1_ECX_PCLMULQDQ) | BIT(CPUID1_ECX_SSSE3) | BIT(CPUID1_ECX_CX16) | \
     BIT(CPUID1_ECX_SSE41) | BIT(CPUID1_ECX_SSE42) | BIT(CPUID1_ECX_MOVBE) | BIT(CPUID1_ECX_POPCNT) |  \
     BIT(CPUID1_ECX_AES) | BIT(CPUID1_ECX_RDRAND))
/* Ours, whatever the CPU has: lapic.c and pv.c provide them. */
#define LEAF1_ECX_ALWAYS (BIT(CPUID1_ECX_X2APIC) | BIT(CPUID1_ECX_TSC_DEADLINE) | BIT(CPUID1_ECX_HYPERVISOR))

/* Bits that leaf 1 and leaf 0x80000001 have in common. */
#define COMMON_EDX                                                                             \
    (BIT(CPUID1_EDX_FPU) | BIT(CPUID1_EDX_VME) | BIT(CPUID1_EDX_DE) | BIT(CPUID1_EDX_PSE) |    \
     BIT(CPUID1_EDX_TSC) | BIT(CPUID1_EDX_MSR) | BIT(CPUID1_EDX_PAE) | BIT(CPUID1_EDX_CX8) |   \
     BIT(CPUID1_EDX_APIC) | BIT(CPUID1_EDX_PGE) | BIT(CPUID1_EDX_CMOV) | BIT(CPUID1_EDX_PAT) | \
     BIT(CPUID1_EDX_PSE36) | BIT(CPUID1_EDX_MMX) | BIT(CPUID1_EDX_FXSR))
#define LEAF1_EDX \
    (COMMON_EDX | BIT(CPUID1_EDX_SEP) | BIT(CPUID1_EDX_CLFSH) | BIT(CPUID1_EDX_SSE) | BIT(CPUID1_EDX_SSE2))

#define LEAF7_EBX                                                                                    \
    (BIT(CPUID7_EBX_FSGSBASE) | BIT(CPUID7_EBX_BMI1) | BIT(CPUID7_EBX_SMEP) | BIT(CPUID7_EBX_BMI2) | \
     BIT(CPUID7_EBX_ERMS) | BIT(CPUID7_EBX_RDSEED) | BIT(CPUID7_EBX_ADX) | BIT(CPUID7_EBX_SMAP) |    \
     BIT(CPUID7_EBX_CLFLUSHOPT) | BIT(CPUID7_EBX_CLWB) | BIT(CPUID7_EBX_SHA))
#define LEAF7_ECX BIT(CPUID7_ECX_UMIP)
#define LEAF7_EDX BIT(CPUID7_EDX_FSRM)

#define EXT1_ECX                                                                                    \
    (BIT(CPUIDX1_ECX_LAHF) | BIT(CPUIDX1_ECX_CR8) | BIT(CPUIDX1_ECX_ABM) | BIT(CPUIDX1_ECX_SSE4A) | \
     BIT(CPUIDX1_ECX_MISALIGNSSE) | BIT(CPUIDX1_ECX_PREFETCHW))
#define EXT1_EDX                                                                             \
    (COMMON_EDX | BIT(CPUIDX1_EDX_SYSCALL) | BIT(CPUIDX1_EDX_NX) | BIT(CPUIDX1_EDX_MMXEXT) | \
     BIT(CPUIDX1_EDX_GIB_PAGES) | BIT(CPUIDX1_EDX_LM) | BIT(CPUIDX1_EDX_3DNOWEXT) | BIT(CPUIDX1_EDX_3DNOW))

/* Leaf 0x0b: level types, and how many bits of the APIC id number the CPUs below a level. */
#define TOPOLOGY_SMT  1u
#define TOPOLOGY_CORE 2u

static u32 id_bits(u32 vcpus)
{
    return vcpus > 1 ? 32 - (u32)__builtin_clz(vcpus - 1) : 0;
}

static struct cpuid_regs features(struct cpuid_place p, struct cpuid_regs host)
{
    return (struct cpuid_regs){
        .eax = host.eax,
        .ebx = (host.ebx & 0xffff) | p.vcpus << 16 | p.apic_id << CPUID1_EBX_APICID_SHIFT,
        .ecx = (host.ecx & LEAF1_ECX) | LEAF1_ECX_ALWAYS,
        .edx = (host.edx & LEAF1_EDX) | (p.vcpus > 1 ? BIT(CPUID1_EDX_HTT) : 0),
    };
}

/* Caches: their sizes are the machine's, who shares them is ours: nobody. */
static struct cpuid_regs caches(struct cpuid_place p, struct cpuid_regs host)
{
    if (host.eax & 0x1f)
        host.eax = (host.eax & 0x3fff) | (p.vcpus - 1) << 26;
    return host;
}

static struct cpuid_regs topology(struct cpuid_place p, u32 sub)
{
    struct cpuid_regs r = {.ecx = sub & 0xff, .edx = p.apic_id};

    if (sub == 0) {
        r.ebx = 1;
        r.ecx |= TOPOLOGY_SMT << 8;
    } else if (sub == 1) {
        r.eax = id_bits(p.vcpus);
        r.ebx = p.vcpus;
        r.ecx |= TOPOLOGY_CORE << 8;
    }
    return r;
}

struct cpuid_regs cpuid_view(struct cpuid_place p, u32 leaf, u32 sub, struct cpuid_regs host)
{
    struct cpuid_regs none = {0};

    switch (leaf) {
    case 0x0:
        host.eax = LEAF_MAX;
        return host;
    case 0x1:
        return features(p, host);
    case 0x4:
        return caches(p, host);
    case 0x6:
        return (struct cpuid_regs){.eax = BIT(CPUID6_EAX_ARAT)};
    case 0x7:
        if (sub)
            return none;
        return (struct cpuid_regs){0, host.ebx & LEAF7_EBX, host.ecx & LEAF7_ECX, host.edx & LEAF7_EDX};
    case 0xb:
        return topology(p, sub);
    case CPUID_EXT_MAX:
        host.eax = LEAF_EXT_MAX;
        return host;
    case CPUID_EXT_FEATURES:
        host.ebx = 0;
        host.ecx = (host.ecx & EXT1_ECX) | (p.vcpus > 1 ? BIT(CPUIDX1_ECX_CMP_LEGACY) : 0);
        host.edx &= EXT1_EDX;
        return host;
    case 0x2: /* the tables of caches and TLBs, and the name */
    case 0x80000002:
    case 0x80000003:
    case 0x80000004:
    case 0x80000005:
    case 0x80000006:
        return host;
    case 0x80000007:
        return (struct cpuid_regs){.edx = host.edx & BIT(CPUIDX7_EDX_TSC_CONST)};
    case CPUID_EXT_SIZES:
        return (struct cpuid_regs){
            .eax = host.eax & 0xffff, /* physical and linear address bits */
            .ebx = host.ebx & BIT(CPUIDX8_EBX_CLZERO),
            .ecx = (p.vcpus - 1) | id_bits(p.vcpus) << 12,
        };
    default:
        return none;
    }
}

unsigned hw_gpa_bits(void)
{
    return cpuid(CPUID_EXT_SIZES, 0).eax & 0xff;
}

void hw_cpuid(const struct vcpu *v, struct exit *e)
{
    struct cpuid_place p = {v->id, v->vm->vcpus};
    struct cpuid_regs r = cpuid_view(p, e->cpuid.leaf, e->cpuid.sub, cpuid(e->cpuid.leaf, e->cpuid.sub));

    e->cpuid.eax = r.eax;
    e->cpuid.ebx = r.ebx;
    e->cpuid.ecx = r.ecx;
    e->cpuid.edx = r.edx;
}
