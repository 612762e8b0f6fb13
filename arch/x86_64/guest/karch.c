/* SPDX-License-Identifier: BSD-2-Clause */
/* karch.c: the parts of karch.h that are an instruction or two. */
#include "karch.h"
#include "abi/kvm_cpuid.h"
#include "abi/platform.h"
#include "arch.h"
#include "cmos.h"
#include "cpu.h"
#include "cpuid.h"
#include "lib/str.h"
#include "msr.h"

#define FCW_DEFAULT     0x37f
#define FXSAVE_MXCSR_AT 24
#define RDRAND_TRIES    10

static u32 features; /* CPUID.1:ECX, asked only once: under a hypervisor CPUID is dear */

struct percpu *karch_cpu(void)
{
    return this_cpu();
}

/* One instruction: whatever CPU it runs on, the answer is the caller. */
struct thread *karch_thread(void)
{
    struct thread *t;

    __asm__ volatile("mov %%gs:%c1, %0" : "=r"(t) : "i"(PERCPU_CURRENT));
    return t;
}

bool karch_irq_save(void)
{
    bool were_on = read_rflags() & RFLAGS_IF;

    cli();
    return were_on;
}

void karch_irq_restore(bool were_on)
{
    if (were_on)
        sti();
}

u8 karch_apf_vector(void)
{
    return VEC_APF;
}

/* A frame as karch_switch() leaves it: six registers, then where to return to, on a stack aligned as after a call. */
void karch_thread_init(struct thread *t, void *end, void (*entry)(void))
{
    u64 *sp = (u64 *)ROUND_DOWN((uintptr_t)end, 16);

    *--sp = 0;
    *--sp = (u64)(uintptr_t)entry;
    for (int i = 0; i < 6; i++)
        *--sp = 0;
    t->sp = sp;
}

void karch_fpu_init(struct thread *t)
{
    memset(t->fpu, 0, sizeof(t->fpu));
    *(u16 *)t->fpu = FCW_DEFAULT;
    *(u32 *)(t->fpu + FXSAVE_MXCSR_AT) = MXCSR_DEFAULT;
}

void karch_tls_set(void *pointer)
{
    wrmsr(MSR_FS_BASE, (u64)(uintptr_t)pointer);
}

u64 karch_tsc(void)
{
    return rdtsc();
}

u64 karch_rtc_seconds(void)
{
    return rtc_seconds(cmos_read);
}

/* A healthy source answers within ten tries (Intel SDM vol. 1, 7.3.17.1). */
bool karch_random(u64 *out)
{
    if (!(cpu_features() & BIT(CPUID1_ECX_RDRAND)))
        return false;
    for (unsigned i = 0; i < RDRAND_TRIES; i++)
        if (rdrand(out))
            return true;
    return false;
}

u32 cpu_features(void)
{
    if (!features)
        features = cpuid(1, 0).ecx;
    return features;
}

/* Trying is no way: QEMU takes a bit of CR4 that the CPU does not have for an exit from a guest (docs/emulators.md). */
void fsgsbase_init(void)
{
    static enum { UNKNOWN, NO, YES } has;

    if (has == UNKNOWN)
        has = cpuid(0, 0).eax >= 7 && cpuid(7, 0).ebx & BIT(CPUID7_EBX_FSGSBASE) ? YES : NO;
    if (has == YES)
        write_cr4(read_cr4() | CR4_FSGSBASE);
}

bool karch_pv_leaf(u32 leaf, u32 out[4])
{
    struct cpuid_regs r;

    if (!(cpu_features() & BIT(CPUID1_ECX_HYPERVISOR)))
        return false;
    r = cpuid(leaf, 0);
    memcpy(out, &r, sizeof(r));
    return true;
}

void karch_pv_write(u32 msr, u64 v)
{
    wrmsr(msr, v);
}

bool karch_pv_try_write(u32 msr, u64 v)
{
    bool failed;

    __asm__ volatile("mov $1, %k0\n"
                     "1: wrmsr\n"
                     "xor %k0, %k0\n"
                     "2:\n"
                     ".pushsection .fixups, \"a\"\n"
                     ".quad 1b, 2b\n"
                     ".popsection"
                     : "=&r"(failed)
                     : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
                     : "memory");
    return !failed;
}

/* Each vendor has its own instruction for it; a host may put the wrong one right, but need not (A7-10). */
static bool by_vmmcall(void)
{
    static s32 known = -1; /* asking costs an exit, which a start can do without */

    if (known < 0) {
        u32 vendor = cpuid(0, 0).ebx;

        known = vendor == CPUID_VENDOR_AMD || vendor == CPUID_VENDOR_HYGON;
    }
    return known;
}

s64 karch_hypercall(u64 number, u64 arg0, u64 arg1)
{
    return karch_hypercall4(number, arg0, arg1, 0, 0);
}

s64 karch_hypercall4(u64 number, u64 arg0, u64 arg1, u64 arg2, u64 arg3)
{
    s64 result;

    if (by_vmmcall())
        __asm__ volatile("vmmcall"
                         : "=a"(result)
                         : "a"(number), "b"(arg0), "c"(arg1), "d"(arg2), "S"(arg3)
                         : "memory");
    else
        __asm__ volatile("vmcall"
                         : "=a"(result)
                         : "a"(number), "b"(arg0), "c"(arg1), "d"(arg2), "S"(arg3)
                         : "memory");
    return result;
}

void karch_stop(void)
{
    for (;;) {
        cli();
        hlt();
    }
}

void karch_exit(u32 status)
{
    out32(PLATFORM_EXIT_PORT, status);
    karch_stop(); /* a machine without that port: stay silent */
}
