/* SPDX-License-Identifier: BSD-2-Clause */
/* host.c: what kind of host this is, and its registers with #GP as an answer. */
#include "abi/faultline.h"
#include "boot.h"
#include "cpuid.h"
#include "frame.h"
#include "runner.h"

#define BLOCKS_MAX 16

struct host host;

bool msr_read(u32 msr, u64 *value)
{
    u32 lo = 0, hi = 0;
    u64 ok;

    __asm__ volatile("mov $1, %2\n"
                     "1: rdmsr\n"
                     "jmp 3f\n"
                     "2: xor %k2, %k2\n"
                     "3:\n"
                     ".pushsection .fixups, \"a\"\n"
                     ".quad 1b, 2b, %c4\n"
                     ".popsection"
                     : "+a"(lo), "+d"(hi), "=&r"(ok)
                     : "c"(msr), "i"(FIX_GP)
                     : "memory");
    *value = (u64)hi << 32 | lo;
    return ok;
}

bool msr_write(u32 msr, u64 value)
{
    u64 ok;

    __asm__ volatile("mov $1, %0\n"
                     "1: wrmsr\n"
                     "jmp 3f\n"
                     "2: xor %k0, %k0\n"
                     "3:\n"
                     ".pushsection .fixups, \"a\"\n"
                     ".quad 1b, 2b, %c4\n"
                     ".popsection"
                     : "=&r"(ok)
                     : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)), "i"(FIX_GP)
                     : "memory");
    return ok;
}

u64 msr_get(u32 msr)
{
    u64 value = 0;

    expect(msr_read(msr, &value), "RDMSR 0x%x; seen: #GP", msr);
    return value;
}

void msr_set(u32 msr, u64 value)
{
    expect(msr_write(msr, value), "WRMSR 0x%x = 0x%lx; seen: #GP", msr, value);
}

/* The host may put the other instruction right (A7-10), but need not. */
bool calls_by_vmmcall(void)
{
    u32 vendor = cpuid(0, 0).ebx;

    return vendor == CPUID_VENDOR_AMD || vendor == CPUID_VENDOR_HYGON;
}

s64 hypercall(u64 nr, u64 a0, u64 a1, u64 a2, u64 a3)
{
    s64 r;

    if (calls_by_vmmcall())
        __asm__ volatile("vmmcall" : "=a"(r) : "a"(nr), "b"(a0), "c"(a1), "d"(a2), "S"(a3) : "memory");
    else
        __asm__ volatile("vmcall" : "=a"(r) : "a"(nr), "b"(a0), "c"(a1), "d"(a2), "S"(a3) : "memory");
    return r;
}

static void find_kvm(void)
{
    for (u32 i = 0; i < BLOCKS_MAX && !host.kvm_base; i++) {
        u32 base = KVM_CPUID_BASE + i * KVM_CPUID_BLOCK_STRIDE;
        struct cpuid_regs r = cpuid(base, 0);

        if (r.ebx == KVM_SIGNATURE_EBX && r.ecx == KVM_SIGNATURE_ECX && r.edx == KVM_SIGNATURE_EDX)
            host.kvm_base = base;
    }
    if (host.kvm_base)
        host.features = cpuid(host.kvm_base + 1, 0).eax;
}

static void find_ours(void)
{
    struct cpuid_regs r = cpuid(FL_CPUID_BASE, 0);

    host.ours = r.ebx == FL_SIGNATURE_EBX && r.ecx == FL_SIGNATURE_ECX && r.edx == FL_SIGNATURE_EDX;
    if (host.ours)
        host.personality = cpuid(FL_CPUID_DIALECTS, 0).ebx;
}

/* A5-3 with our leaf, A5-4 without. */
static unsigned dialects(void)
{
    if (!host_has(KVM_FEATURE_APF))
        return 0;
    if (host.ours) {
        u32 d = cpuid(FL_CPUID_DIALECTS, 0).eax;

        if (!host_has(KVM_FEATURE_APF_INT))
            d &= FL_DIALECT_LEGACY;
        return (d & FL_DIALECT_LEGACY ? D_LEGACY : 0) | (d & FL_DIALECT_PF2 ? D_PF2 : 0) |
               (d & FL_DIALECT_INT ? D_INT : 0);
    }
    if (!host_has(KVM_FEATURE_APF_INT))
        return D_LEGACY;
    if (!msr_write(PV_MSR_APF_PF2, APF_PF2_ON | VECTOR))
        return D_INT;
    msr_write(PV_MSR_APF_PF2, 0);
    return D_PF2;
}

void host_read(void)
{
    if (cpuid(1, 0).ecx & BIT(CPUID1_ECX_HYPERVISOR)) {
        find_kvm();
        find_ours();
        host.dialects = dialects();
    }
    if (in32(HOOK_PORT_ID) == HOOK_ID)
        host.hook = in32(HOOK_PORT_CAPS);
}

/* A3-6: bit 4 without bit 14 is LEGACY, or a newer host that was told to hide bit 14: that sends nothing. */
void host_check_legacy(void)
{
    u32 from = events_now();

    if (host.ours || host.dialects != D_LEGACY)
        return;
    dialect = D_LEGACY;
    apf_write(en_bits());
    if (!event_wait(from, EV_READY, 1, SOON))
        host.dialects = 0;
    apf_stop();
}

bool host_is_dual(void)
{
    return host.ours && host.personality == FL_APF_DUAL;
}

u64 host_hole(void)
{
    u64 end = 4 * GiB;

    for (unsigned i = 0; i < boot.ram_count; i++)
        end = MAX(end, boot.ram[i].addr + boot.ram[i].bytes);
    for (unsigned i = 0; i < boot.module_count; i++)
        end = MAX(end, boot.module[i].addr + boot.module[i].bytes);
    return ROUND_UP(end, GiB) + 8 * GiB;
}

const char *dialect_name(unsigned d)
{
    return d == D_INT ? "int" : d == D_PF2 ? "pf2" : d == D_LEGACY ? "legacy" : "none";
}

static bool hook_has(u32 command)
{
    return host.hook & HOOK_CAP(command);
}

const char *host_lacks(u32 needs)
{
    bool enforced = boot_option_number("enforce", 1);
    const struct {
        u32 need;
        bool there;
        const char *without;
    } table[] = {
        {N_HOOK, hook_has(HOOK_MISS) && hook_has(HOOK_DONE), "the host has no test hook"},
        {N_FAIL, hook_has(HOOK_FAIL), "the test hook cannot let a read fail"},
        {N_WINDOW, hook_has(HOOK_WINDOW), "the test hook has no window"},
        {N_ROM, hook_has(HOOK_ROM), "the test hook knows no read-only page"},
        {N_COUNT, hook_has(HOOK_COUNT), "the test hook does not count"},
        {N_SAVE, hook_has(HOOK_SAVE), "the test hook does not save"},
        {N_CPUS2, cpus_online >= 2, "needs 2 CPUs"},
        {N_CLOCK, host_has(KVM_FEATURE_CLOCK), "the host announces no clock"},
        {N_STEAL, host_has(KVM_FEATURE_STEAL), "the host announces no steal time"},
        {N_EOI, host_has(KVM_FEATURE_EOI), "the host announces no PV EOI"},
        {N_IPI, host_has(KVM_FEATURE_IPI), "the host announces no PV IPI"},
        {N_POLL, host_has(KVM_FEATURE_POLL), "the host announces no poll control"},
        {N_YIELD, host_has(KVM_FEATURE_YIELD), "the host announces no PV yield"},
        {N_KICK, host_has(KVM_FEATURE_KICK), "the host announces no PV kick"},
        {N_FLUSH, host_has(KVM_FEATURE_TLB_FLUSH), "the host announces no PV TLB flush"},
        {N_OURS, host.ours, "the host has no leaf of Faultline's"},
        {N_DUAL, host_is_dual(), "the host's personality is not dual"},
        {N_HIDDEN, !host_has(KVM_FEATURE_APF) && !host_has(KVM_FEATURE_APF_INT), "the host announces APF"},
        {N_KVM, host.kvm_base, "the host has no leaves of KVM's"},
        {N_NO_APIC, !apic_there(), "the host has a local APIC"},
        {N_ENFORCED, enforced, "the host lets MSRs work whatever CPUID says"},
        {N_OPEN, !enforced, "MSRs obey CPUID, unless the word enforce=0 says otherwise"},
        {N_NOT_DUAL, !host_is_dual(), "the host's personality is dual"},
    };

    if (!apic_there() && !(needs & N_NO_APIC))
        return "the host has no local APIC";

    for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
        if ((needs & table[i].need) && !table[i].there)
            return table[i].without;
    return NULL;
}
