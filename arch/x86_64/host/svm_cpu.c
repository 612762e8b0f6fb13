/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_cpu.c: switch SVM on, and make the maps of ports and MSRs that all guests share. */
#include "svm_vcpu.h"
#include "cpu.h"
#include "cpuid.h"
#include "guest_msr.h"
#include "msr.h"
#include "port.h"
#include "lib/fmt.h"
#include "lib/str.h"

struct svm_features svm;

static struct svm_cpu cpus[CPU_MAX];
static u8 iopm[SVM_IOPM_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u8 msrpm[SVM_MSRPM_SIZE] __attribute__((aligned(PAGE_SIZE)));

bool svm_exists(void)
{
    return cpuid(CPUID_EXT_MAX, 0).eax >= CPUID_EXT_SVM &&
           cpuid(CPUID_EXT_FEATURES, 0).ecx & BIT(CPUIDX1_ECX_SVM);
}

bool svm_supported(const char **why)
{
    if (!svm_exists()) {
        *why = "this CPU has neither SVM nor VMX";
        return false;
    }
    if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS) {
        *why = "the firmware has disabled SVM (VM_CR.SVMDIS)";
        return false;
    }
    if (!(cpuid(CPUID_EXT_SVM, 0).edx & BIT(CPUID_SVM_EDX_NPT))) {
        *why = "this CPU has SVM without nested paging";
        return false;
    }
    if (cpuid(CPUID_EXT_SVM, 0).ebx < 2) {
        *why = "this CPU has no ASID for a guest";
        return false;
    }
    return true;
}

static void msr_pass(u32 msr)
{
    bool high = msr >= SVM_MSRPM_HIGH_FIRST;
    u32 n = high ? msr - SVM_MSRPM_HIGH_FIRST : msr;

    check(n < SVM_MSRPM_RANGE, "a native MSR lies in the permission map");
    msrpm[(high ? SVM_MSRPM_RANGE_BYTES : 0) + n / 4] &= (u8) ~(3u << n % 4 * 2);
}

void svm_setup(void)
{
    u32 edx = cpuid(CPUID_EXT_SVM, 0).edx;

    memset(iopm, 0xff, sizeof(iopm));
    memset(msrpm, 0xff, sizeof(msrpm));
    for (unsigned i = 0; i < GUEST_NATIVE_MSRS; i++)
        msr_pass(guest_native_msrs[i]);
    svm = (struct svm_features){
        .nrips = edx & BIT(CPUID_SVM_EDX_NRIPS),
        .flush_by_asid = edx & BIT(CPUID_SVM_EDX_FLUSHBYASID),
        .decode = edx & BIT(CPUID_SVM_EDX_DECODE),
        .iopm = port_hpa(iopm),
        .msrpm = port_hpa(msrpm),
    };
}

const char *svm_describe(void)
{
    static char line[60];

    (void)fmt_sn(line, sizeof(line), "SVM:%s%s%s", svm.nrips ? " NRIPS" : "",
                 svm.flush_by_asid ? " FlushByASID" : "", svm.decode ? " DecodeAssists" : "");
    return line;
}

bool svm_cpu_init(void)
{
    struct svm_cpu *c = svm_this_cpu();
    hpa_t save, state;

    if (!port_frame_alloc(&save))
        return false;
    if (!port_frame_alloc(&state)) {
        port_frame_free(save);
        return false;
    }
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
    wrmsr(MSR_VM_HSAVE_PA, save.v);
    __asm__ volatile("vmsave %0" : : "a"(state.v) : "memory");
    c->host_state = state.v;
    asid_pool_init(&c->asids, cpuid(CPUID_EXT_SVM, 0).ebx);
    if (!port_cpu())
        svm.kick_nmi = !svm_interrupt_ends_guest();
    return true;
}

struct svm_cpu *svm_this_cpu(void)
{
    return &cpus[port_cpu()];
}
