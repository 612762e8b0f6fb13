/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_cpu.c: find out what this machine has of VMX, choose, and switch it on (SDM vol. 3, 24 and appendix A). */
#include "vmx_vcpu.h"
#include "vmx_insn.h"
#include "backend.h"
#include "apic.h"
#include "cpu.h"
#include "cpuid.h"
#include "guest_msr.h"
#include "msr.h"
#include "port.h"
#include "lib/fmt.h"
#include "lib/str.h"

#define BITMAP_LOW      0x000 /* in the bitmap of MSRs: reads of 0 to 0x1fff … */
#define BITMAP_HIGH     0x400 /* … and of 0xc0000000 to 0xc0001fff; then the same for writes: */
#define BITMAP_WRITES   0x800
#define MSR_HIGH_FIRST  0xc0000000u
#define MSR_BITMAP_BITS 0x2000u

struct vmx_features vmx;

static struct vmx_cpu cpus[CPU_MAX];
static u8 vmxon_region[CPU_MAX][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u8 msr_bitmap[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u8 msr_bitmap_x2apic[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static struct vmx_allowed allowed(u32 msr)
{
    u64 value = rdmsr(msr);

    return (struct vmx_allowed){.must = (u32)value, .may = (u32)(value >> 32)};
}

static bool may(const struct vmx_allowed *a, u64 bits)
{
    return (a->may & bits) == bits;
}

bool vmx_exists(void)
{
    return cpuid(1, 0).ecx & BIT(CPUID1_ECX_VMX);
}

/* What is there, before anything is chosen. */
static void read_capabilities(void)
{
    u64 basic = rdmsr(MSR_VMX_BASIC);
    u32 first = basic & VMX_BASIC_TRUE ? MSR_VMX_TRUE_PIN : MSR_VMX_PIN;

    vmx.revision = (u32)basic & VMX_BASIC_REVISION;
    vmx.pin = allowed(first);
    vmx.proc = allowed(first + 1);
    vmx.exit = allowed(first + 2);
    vmx.entry = allowed(first + 3);
    vmx.cr0_must = rdmsr(MSR_VMX_CR0_FIXED0);
    vmx.cr0_may = rdmsr(MSR_VMX_CR0_FIXED1);
    vmx.cr4_must = rdmsr(MSR_VMX_CR4_FIXED0);
    vmx.cr4_may = rdmsr(MSR_VMX_CR4_FIXED1);
    vmx.timer_rate = VMX_MISC_TIMER_RATE(rdmsr(MSR_VMX_MISC));
    if (may(&vmx.proc, VMX_PROC_SECONDARY))
        vmx.proc2 = allowed(MSR_VMX_PROC2);
    if (may(&vmx.proc2, VMX_PROC2_EPT))
        vmx.ept_vpid = rdmsr(MSR_VMX_EPT_VPID);
}

/* What no guest of ours runs without. */
static const struct {
    struct vmx_allowed *group;
    u64 bits;
    const char *missing;
} needed[] = {
    {&vmx.proc2, VMX_PROC2_EPT, "this CPU has VMX without extended page tables (EPT)"},
    {&vmx.proc2, VMX_PROC2_UNRESTRICTED, "this CPU has VMX without unrestricted guests"},
    {&vmx.pin, VMX_PIN_INTR | VMX_PIN_NMI | VMX_PIN_VIRTUAL_NMI, "this CPU has VMX without virtual NMIs"},
    {&vmx.proc,
     VMX_PROC_INTR_WINDOW | VMX_PROC_TSC_OFFSET | VMX_PROC_HLT | VMX_PROC_IO | VMX_PROC_MSR_BITMAP |
         VMX_PROC_NMI_WINDOW | VMX_PROC_PAUSE,
     "this CPU has VMX without the exits that a host needs"},
    {&vmx.exit,
     VMX_EXIT_HOST_64 | VMX_EXIT_SAVE_PAT | VMX_EXIT_LOAD_PAT | VMX_EXIT_SAVE_EFER | VMX_EXIT_LOAD_EFER,
     "this CPU has VMX that does not exchange EFER and PAT"},
    {&vmx.entry, VMX_ENTRY_IA32E | VMX_ENTRY_LOAD_PAT | VMX_ENTRY_LOAD_EFER,
     "this CPU has VMX that does not exchange EFER and PAT"},
};

bool vmx_supported(const char **why)
{
    u64 control = rdmsr(MSR_FEATURE_CONTROL);

    if (control & FEATURE_CONTROL_LOCK && !(control & FEATURE_CONTROL_VMX)) {
        *why = "the firmware has locked VMX off (IA32_FEATURE_CONTROL)";
        return false;
    }
    read_capabilities();
    for (unsigned i = 0; i < ARRAY_SIZE(needed); i++)
        if (!may(needed[i].group, needed[i].bits)) {
            *why = needed[i].missing;
            return false;
        }
    if ((vmx.ept_vpid & (VMX_EPT_WALK_4 | VMX_EPT_MEMORY_WB | VMX_EPT_2MIB | VMX_EPT_INVEPT)) !=
        (VMX_EPT_WALK_4 | VMX_EPT_MEMORY_WB | VMX_EPT_2MIB | VMX_EPT_INVEPT)) {
        *why = "this CPU's EPT lacks four levels, write-back tables, 2 MiB leaves or INVEPT";
        return false;
    }
    return true;
}

static void msr_pass(u8 *bitmap, u32 msr, bool read, bool write)
{
    bool high = msr >= MSR_HIGH_FIRST;
    u32 n = high ? msr - MSR_HIGH_FIRST : msr;
    u8 *at = bitmap + (high ? BITMAP_HIGH : BITMAP_LOW) + n / 8, bit = (u8)(1u << n % 8);

    check(n < MSR_BITMAP_BITS, "a native MSR lies in the bitmap");
    if (read)
        at[0] &= (u8)~bit;
    if (write)
        at[BITMAP_WRITES] &= (u8)~bit;
}

/*
 * Registers whose value in the page is always right. There the hardware reads any, whether it exists or not; the count
 * runs on, and it keeps the processor priority only where it delivers interrupts (30.1.3).
 */
static bool x2apic_readable(u32 reg)
{
    switch (reg << 4) {
    case APIC_ID:
    case APIC_VERSION:
    case APIC_LDR:
    case APIC_SVR:
    case APIC_ISR ... APIC_ESR:
    case APIC_ICR:
    case APIC_LVT_TIMER ... APIC_TIMER_INIT:
    case APIC_TIMER_DIV:
        return true;
    case APIC_PPR:
        return vmx.virtual_intr;
    }
    return false;
}

/* x2APIC mode, virtualised: what the hardware answers by itself (SDM vol. 3, 30.5). */
static void pass_x2apic(void)
{
    memcpy(msr_bitmap_x2apic, msr_bitmap, sizeof(msr_bitmap));
    msr_pass(msr_bitmap_x2apic, MSR_X2APIC + (APIC_TPR >> 4), true, true);
    for (u32 reg = 0; vmx.apic_regs && reg <= MSR_X2APIC_LAST - MSR_X2APIC; reg++)
        if (x2apic_readable(reg))
            msr_pass(msr_bitmap_x2apic, MSR_X2APIC + reg, true, false);
    if (vmx.virtual_intr) {
        msr_pass(msr_bitmap_x2apic, MSR_X2APIC + (APIC_EOI >> 4), false, true);
        msr_pass(msr_bitmap_x2apic, MSR_X2APIC + (APIC_SELF_IPI >> 4), false, true);
    }
}

/* Bochs's delivery has faults (vmx_probe.c): there it is for who asks for it. */
static void choose_apicv(u32 apicv)
{
    vmx.tpr_shadow = apicv & APICV_TPR && may(&vmx.proc, VMX_PROC_TPR_SHADOW);
    vmx.apic_access = apicv & APICV_ACCESS && may(&vmx.proc2, VMX_PROC2_APIC_ACCESS);
    vmx.apic_regs = vmx.tpr_shadow && apicv & APICV_REGS && may(&vmx.proc2, VMX_PROC2_APIC_REGS);
    vmx.virtual_intr = vmx.tpr_shadow && apicv & APICV_INTR && may(&vmx.proc2, VMX_PROC2_INTR);
    vmx.unnamed = vmx.virtual_intr && !vmx_delivery_named();
    if (vmx.unnamed && apicv & APICV_SOUND)
        vmx.virtual_intr = false;
    vmx.x2apic = vmx.tpr_shadow && (vmx.apic_regs || vmx.virtual_intr) && may(&vmx.proc2, VMX_PROC2_X2APIC);
}

void vmx_setup(u32 apicv)
{
    vmx.ad = vmx.ept_vpid & VMX_EPT_AD;
    vmx.pml = vmx.ad && may(&vmx.proc2, VMX_PROC2_PML);
    vmx.vpid = may(&vmx.proc2, VMX_PROC2_VPID) && vmx.ept_vpid & VMX_VPID_INVVPID &&
               vmx.ept_vpid & (VMX_VPID_INVVPID_SINGLE | VMX_VPID_INVVPID_ALL);
    vmx.timer = may(&vmx.pin, VMX_PIN_TIMER);
    vmx.msr_bitmap = port_hpa(msr_bitmap);
    vmx.msr_bitmap_x2apic = port_hpa(msr_bitmap_x2apic);
    memset(msr_bitmap, 0xff, sizeof(msr_bitmap));
    for (unsigned i = 0; i < GUEST_NATIVE_MSRS; i++)
        msr_pass(msr_bitmap, guest_native_msrs[i], true, true);
    vmx_cpu_init();
    choose_apicv(apicv);
    pass_x2apic();
}

const char *vmx_describe(void)
{
    static char line[100];
    const struct {
        bool used;
        const char *name;
    } parts[] = {{vmx.ad, " EPT-A/D"},     {vmx.vpid, " VPID"},         {vmx.timer, " preemption-timer"},
                 {vmx.pml, " PML"},        {vmx.tpr_shadow, " tpr"},    {vmx.apic_access, " access"},
                 {vmx.apic_regs, " regs"}, {vmx.virtual_intr, " intr"}, {vmx.x2apic, " x2apic"}};
    size_t n = fmt_sn(line, sizeof(line), "VMX:");

    for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
        if (parts[i].used)
            n += fmt_sn(line + n, sizeof(line) - n, "%s", parts[i].name);
    return line;
}

void vmx_cpu_init(void)
{
    struct vmx_cpu *c = vmx_this_cpu();
    u8 *region = vmxon_region[port_cpu()];
    u64 control = rdmsr(MSR_FEATURE_CONTROL);

    if (c->on)
        return;
    if (!(control & FEATURE_CONTROL_LOCK))
        wrmsr(MSR_FEATURE_CONTROL, control | FEATURE_CONTROL_VMX | FEATURE_CONTROL_LOCK);
    write_cr0((read_cr0() | vmx.cr0_must) & vmx.cr0_may);
    write_cr4(read_cr4() | CR4_VMXE);
    memcpy(region, &vmx.revision, sizeof(vmx.revision));
    check(vmxon(port_hpa(region)), "VMXON takes a region of this CPU's revision (SDM 24.11.5)");
    c->on = true;
}

struct vmx_cpu *vmx_this_cpu(void)
{
    return &cpus[port_cpu()];
}
