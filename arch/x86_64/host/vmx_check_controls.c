/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check_controls.c: what VM entry asks of the controls (SDM vol. 3, 27.2.1). */
#include "vmx_check_parts.h"
#include "cpu.h"
#include "desc.h"

#define CR3_TARGETS_MAX 4
#define MSR_ENTRY       16 /* bytes, and alignment, of one MSR in an area */
#define EPTP_TYPE       7u
#define EPTP_WALK       (7u << 3)
#define EPTP_RESERVED   (0xfu << 8)
#define EVENT_RESERVED  0x7ffff000u
#define ERROR_RESERVED  0xffff0000u
#define LENGTH_MAX      15

#define HAVE_ERROR \
    (BIT(VEC_DF) | BIT(VEC_TS) | BIT(VEC_NP) | BIT(VEC_SS) | BIT(VEC_GP) | BIT(VEC_PF) | BIT(VEC_AC))

/* What the rules below, and this host, know. */
#define PIN_KNOWN (VMX_PIN_INTR | VMX_PIN_NMI | VMX_PIN_VIRTUAL_NMI | VMX_PIN_TIMER | VMX_PIN_POSTED)
#define PROC_KNOWN                                                                                    \
    (VMX_PROC_INTR_WINDOW | VMX_PROC_TSC_OFFSET | VMX_PROC_HLT | VMX_PROC_INVLPG | VMX_PROC_MWAIT |   \
     VMX_PROC_RDPMC | VMX_PROC_RDTSC | VMX_PROC_CR3_LOAD | VMX_PROC_CR3_STORE | VMX_PROC_CR8_LOAD |   \
     VMX_PROC_CR8_STORE | VMX_PROC_TPR_SHADOW | VMX_PROC_NMI_WINDOW | VMX_PROC_MOV_DR | VMX_PROC_IO | \
     VMX_PROC_IO_BITMAPS | VMX_PROC_MSR_BITMAP | VMX_PROC_MONITOR | VMX_PROC_PAUSE | VMX_PROC_SECONDARY)
#define PROC2_KNOWN                                                                                      \
    (VMX_PROC2_APIC_ACCESS | VMX_PROC2_EPT | VMX_PROC2_DESC | VMX_PROC2_RDTSCP | VMX_PROC2_X2APIC |      \
     VMX_PROC2_VPID | VMX_PROC2_WBINVD | VMX_PROC2_UNRESTRICTED | VMX_PROC2_APIC_REGS | VMX_PROC2_INTR | \
     VMX_PROC2_PAUSE_LOOP | VMX_PROC2_RDRAND | VMX_PROC2_INVPCID | VMX_PROC2_RDSEED | VMX_PROC2_PML |    \
     VMX_PROC2_XSAVES)
#define EXIT_KNOWN                                                                                   \
    (VMX_EXIT_SAVE_DEBUG | VMX_EXIT_HOST_64 | VMX_EXIT_ACK | VMX_EXIT_SAVE_PAT | VMX_EXIT_LOAD_PAT | \
     VMX_EXIT_SAVE_EFER | VMX_EXIT_LOAD_EFER | VMX_EXIT_SAVE_TIMER)
#define ENTRY_KNOWN                                                                                 \
    (VMX_ENTRY_LOAD_DEBUG | VMX_ENTRY_IA32E | VMX_ENTRY_SMM | VMX_ENTRY_DUAL | VMX_ENTRY_LOAD_PAT | \
     VMX_ENTRY_LOAD_EFER)

static void need_allowed(struct vmx_checking *k, u64 field, struct vmx_allowed a, u64 known)
{
    vmcs_need_fixed(k, field, a.must, a.may);
    vmcs_need(k, field, !(vmcs_get(k, field) & ~(known | a.must)),
              "has controls that this list does not know");
}

static void check_groups(struct vmx_checking *k)
{
    const struct vmx_features *f = k->list->features;

    k->section = "27.2.1.1";
    need_allowed(k, VMCS_PIN_CONTROLS, f->pin, PIN_KNOWN);
    need_allowed(k, VMCS_PROC_CONTROLS, f->proc, PROC_KNOWN);
    if (k->proc & VMX_PROC_SECONDARY)
        need_allowed(k, VMCS_PROC2_CONTROLS, f->proc2, PROC2_KNOWN);
    k->section = "27.2.1.2";
    need_allowed(k, VMCS_EXIT_CONTROLS, f->exit, EXIT_KNOWN);
    k->section = "27.2.1.3";
    need_allowed(k, VMCS_ENTRY_CONTROLS, f->entry, ENTRY_KNOWN);
}

/* Controls of which one makes no sense without the other. */
static void check_dependencies(struct vmx_checking *k)
{
    k->section = "27.2.1.1";
    vmcs_need(k, VMCS_PIN_CONTROLS, k->pin & VMX_PIN_NMI || !(k->pin & VMX_PIN_VIRTUAL_NMI),
              "must have NMI exiting with virtual NMIs");
    vmcs_need(k, VMCS_PROC_CONTROLS, k->pin & VMX_PIN_VIRTUAL_NMI || !(k->proc & VMX_PROC_NMI_WINDOW),
              "must not have NMI-window exiting without virtual NMIs");
    vmcs_need(k, VMCS_PROC2_CONTROLS,
              k->proc & VMX_PROC_TPR_SHADOW ||
                  !(k->proc2 & (VMX_PROC2_X2APIC | VMX_PROC2_APIC_REGS | VMX_PROC2_INTR)),
              "must not virtualise x2APIC mode, APIC registers or interrupt delivery without a TPR shadow");
    vmcs_need(k, VMCS_PROC2_CONTROLS, !(k->proc2 & VMX_PROC2_X2APIC) || !(k->proc2 & VMX_PROC2_APIC_ACCESS),
              "must not virtualise both x2APIC mode and APIC accesses");
    vmcs_need(k, VMCS_PIN_CONTROLS, k->pin & VMX_PIN_INTR || !(k->proc2 & VMX_PROC2_INTR),
              "must have external-interrupt exiting with virtual-interrupt delivery");
    vmcs_need(k, VMCS_PROC2_CONTROLS,
              k->proc2 & VMX_PROC2_EPT || !(k->proc2 & (VMX_PROC2_UNRESTRICTED | VMX_PROC2_PML)),
              "must have EPT with an unrestricted guest and with page-modification logging");
    k->section = "27.2.1.2";
    vmcs_need(k, VMCS_EXIT_CONTROLS, k->pin & VMX_PIN_TIMER || !(k->exit & VMX_EXIT_SAVE_TIMER),
              "must not save the preemption timer, which is off");
    k->section = "27.2.1.3";
    vmcs_need(k, VMCS_ENTRY_CONTROLS, !(k->entry & (VMX_ENTRY_SMM | VMX_ENTRY_DUAL)),
              "must not enter SMM, nor end its dual-monitor treatment, from outside SMM");
}

static void check_posted(struct vmx_checking *k)
{
    if (!(k->pin & VMX_PIN_POSTED))
        return;
    vmcs_need(k, VMCS_PROC2_CONTROLS, k->proc2 & VMX_PROC2_INTR,
              "must have virtual-interrupt delivery with posted interrupts");
    vmcs_need(k, VMCS_EXIT_CONTROLS, k->exit & VMX_EXIT_ACK,
              "must acknowledge interrupts on exit with posted interrupts");
    vmcs_need(k, VMCS_POSTED_VECTOR, vmcs_get(k, VMCS_POSTED_VECTOR) <= 0xff, "must be at most 255");
    vmcs_need(k, VMCS_POSTED_ADDR, !(vmcs_get(k, VMCS_POSTED_ADDR) & 63), "must be aligned to 64 bytes");
    vmcs_need_physical(k, VMCS_POSTED_ADDR);
}

static void check_apic(struct vmx_checking *k)
{
    k->section = "27.2.1.1";
    if (k->proc & VMX_PROC_TPR_SHADOW) {
        vmcs_need_page(k, VMCS_VIRT_APIC_ADDR);
        if (!(k->proc2 & VMX_PROC2_INTR))
            vmcs_need(k, VMCS_TPR_THRESHOLD, vmcs_get(k, VMCS_TPR_THRESHOLD) <= 0xf, "must be at most 15");
        if (!(k->proc2 & (VMX_PROC2_INTR | VMX_PROC2_APIC_ACCESS)))
            vmcs_need(k, VMCS_TPR_THRESHOLD, (vmcs_get(k, VMCS_TPR_THRESHOLD) & 0xf) <= k->list->vtpr >> 4,
                      "must not be above the virtual TPR's class");
    }
    if (k->proc2 & VMX_PROC2_APIC_ACCESS)
        vmcs_need_page(k, VMCS_APIC_ACCESS_ADDR);
    check_posted(k);
}

static void check_eptp(struct vmx_checking *k)
{
    u64 cap = k->list->features->ept_vpid, eptp = vmcs_get(k, VMCS_EPTP), type = eptp & EPTP_TYPE;

    vmcs_need(k, VMCS_EPTP,
              (type == VMX_EPTP_WB && cap & VMX_EPT_MEMORY_WB) ||
                  (type == VMX_EPTP_UC && cap & VMX_EPT_MEMORY_UC),
              "must have a memory type that the CPU offers: 6 (write-back) or 0 (uncacheable)");
    vmcs_need(k, VMCS_EPTP, (eptp & EPTP_WALK) == VMX_EPTP_WALK_4 && cap & VMX_EPT_WALK_4,
              "must have a walk length that the CPU offers: 4");
    vmcs_need(k, VMCS_EPTP, !(eptp & VMX_EPTP_AD) || cap & VMX_EPT_AD,
              "must not enable accessed and dirty flags where the CPU has none");
    vmcs_need(k, VMCS_EPTP, !(eptp & VMX_EPTP_SSS) || cap & VMX_EPT_SHADOW_STACK,
              "must not enable shadow-stack rights where the CPU has none");
    vmcs_need(k, VMCS_EPTP, !(eptp & EPTP_RESERVED), "must have 0 in the reserved bits 11:8");
    vmcs_need_physical(k, VMCS_EPTP);
}

/* Pages and numbers that belong to a control. */
static void check_operands(struct vmx_checking *k)
{
    k->section = "27.2.1.1";
    vmcs_need(k, VMCS_CR3_TARGETS, vmcs_get(k, VMCS_CR3_TARGETS) <= CR3_TARGETS_MAX, "must be at most 4");
    if (k->proc & VMX_PROC_IO_BITMAPS) {
        vmcs_need_page(k, VMCS_IO_BITMAP_A);
        vmcs_need_page(k, VMCS_IO_BITMAP_B);
    }
    if (k->proc & VMX_PROC_MSR_BITMAP)
        vmcs_need_page(k, VMCS_MSR_BITMAP);
    if (k->proc2 & VMX_PROC2_VPID)
        vmcs_need(k, VMCS_VPID, vmcs_get(k, VMCS_VPID), "must not be 0, which is the host's own");
    if (k->proc2 & VMX_PROC2_EPT)
        check_eptp(k);
    if (k->proc2 & VMX_PROC2_PML)
        vmcs_need_page(k, VMCS_PML_ADDR);
}

static void check_msr_area(struct vmx_checking *k, const char *section, u64 count, u64 addr)
{
    u64 n = (u32)vmcs_get(k, count), at;

    k->section = section;
    if (!n)
        return;
    at = vmcs_get(k, addr);
    vmcs_need(k, addr, at % MSR_ENTRY == 0, "must be aligned to 16 bytes");
    vmcs_need(k, addr, vmx_physical(k, at) && vmx_physical(k, at + n * MSR_ENTRY - 1),
              "must lie, with all its entries, within the physical address width");
}

/* Whether the guest, as it will be, takes an error code with this exception. */
static bool takes_error(const struct vmx_checking *k, u32 event)
{
    bool protected = !vmx_unrestricted(k) || vmcs_get(k, VMCS_GUEST_CR0) & CR0_PE;

    return protected && (event & VMX_EVENT_TYPE) == VMX_EVENT_EXCEPTION && (event & VMX_EVENT_VECTOR) < 32 &&
           HAVE_ERROR >> (event & VMX_EVENT_VECTOR) & 1;
}

static void check_event(struct vmx_checking *k)
{
    u32 e = vmx_injected(k), type = e & VMX_EVENT_TYPE, vector = e & VMX_EVENT_VECTOR;

    k->section = "27.2.1.3";
    if (!e)
        return;
    vmcs_need(k, VMCS_ENTRY_EVENT, type != VMX_EVENT_RESERVED, "must not be of the reserved type 1");
    vmcs_need(k, VMCS_ENTRY_EVENT, type != VMX_EVENT_NMI || vector == VEC_NMI,
              "must be vector 2 if it is an NMI");
    vmcs_need(k, VMCS_ENTRY_EVENT, type != VMX_EVENT_EXCEPTION || vector < 32,
              "must be a vector of at most 31 if it is a hardware exception");
    vmcs_need(k, VMCS_ENTRY_EVENT, type != VMX_EVENT_OTHER || vector == 0,
              "must be vector 0 if it is of type 7");
    vmcs_need(k, VMCS_ENTRY_EVENT, !(e & EVENT_RESERVED), "must have 0 in the reserved bits 30:12");
    vmcs_need(k, VMCS_ENTRY_EVENT, !!(e & VMX_EVENT_HAS_ERROR) == takes_error(k, e),
              "must have an error code if, and only if, this exception pushes one in protected mode");
    if (e & VMX_EVENT_HAS_ERROR)
        vmcs_need(k, VMCS_ENTRY_EVENT_ERROR, !(vmcs_get(k, VMCS_ENTRY_EVENT_ERROR) & ERROR_RESERVED),
                  "must have 0 in the reserved bits 31:16");
    if (type >= VMX_EVENT_SOFT && type < VMX_EVENT_OTHER)
        vmcs_need(k, VMCS_ENTRY_LENGTH,
                  vmcs_get(k, VMCS_ENTRY_LENGTH) && vmcs_get(k, VMCS_ENTRY_LENGTH) <= LENGTH_MAX,
                  "must be 1 to 15, the length of the instruction that raises the event");
}

void vmx_check_controls(struct vmx_checking *k)
{
    check_groups(k);
    check_dependencies(k);
    check_operands(k);
    check_apic(k);
    check_msr_area(k, "27.2.1.2", VMCS_EXIT_MSR_STORES, VMCS_EXIT_MSR_STORE_ADDR);
    check_msr_area(k, "27.2.1.2", VMCS_EXIT_MSR_LOADS, VMCS_EXIT_MSR_LOAD_ADDR);
    check_event(k);
    check_msr_area(k, "27.2.1.3", VMCS_ENTRY_MSR_LOADS, VMCS_ENTRY_MSR_LOAD_ADDR);
}
