/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check_guest.c: what VM entry asks of the guest's registers but its segments (SDM vol. 3, 27.3.1). */
#include "vmx_check_parts.h"
#include "cpu.h"

#define DEBUGCTL_RESERVED 0xffffffffffff0038ull /* in every model: 63:16 and 5:3 */
#define RFLAGS_RESERVED   (~0x3fffffull | BIT(15) | BIT(5) | BIT(3))
#define PDPTE_P           1u
#define PDPTE_RESERVED    0x1e6u

static void check_control_registers(struct vmx_checking *k)
{
    const struct vmx_features *f = k->list->features;
    u64 cr0 = vmcs_get(k, VMCS_GUEST_CR0), cr4 = vmcs_get(k, VMCS_GUEST_CR4);

    vmcs_need_fixed(k, VMCS_GUEST_CR0, f->cr0_must & ~(vmx_unrestricted(k) ? CR0_PE | CR0_PG : 0ull),
                    f->cr0_may);
    vmcs_need(k, VMCS_GUEST_CR0, cr0 & CR0_PE || !(cr0 & CR0_PG), "must have PE with PG");
    vmcs_need_fixed(k, VMCS_GUEST_CR4, f->cr4_must, f->cr4_may);
    vmcs_need(k, VMCS_GUEST_CR4, !(cr4 & CR4_CET) || cr0 & CR0_WP, "must not have CET without CR0.WP");
    vmcs_need_physical(k, VMCS_GUEST_CR3);
    if (vmx_ia32e(k)) {
        vmcs_need(k, VMCS_GUEST_CR0, cr0 & CR0_PG, "must have PG in IA-32e mode");
        vmcs_need(k, VMCS_GUEST_CR4, cr4 & CR4_PAE, "must have PAE in IA-32e mode");
    } else {
        vmcs_need(k, VMCS_GUEST_CR4, !(cr4 & CR4_PCIDE), "must not have PCIDE outside IA-32e mode");
    }
}

static void check_efer(struct vmx_checking *k)
{
    u64 efer = vmcs_get(k, VMCS_GUEST_EFER);

    vmcs_need(k, VMCS_GUEST_EFER, !(efer & ~(u64)EFER_VMX_KNOWN), "must have 0 in its reserved bits");
    vmcs_need(k, VMCS_GUEST_EFER, !!(efer & EFER_LMA) == vmx_ia32e(k),
              "must have LMA if, and only if, the entry is to IA-32e mode");
    vmcs_need(k, VMCS_GUEST_EFER,
              !(vmcs_get(k, VMCS_GUEST_CR0) & CR0_PG) || !!(efer & EFER_LMA) == !!(efer & EFER_LME),
              "must have LMA and LME alike while CR0.PG is 1");
}

static void check_registers(struct vmx_checking *k)
{
    k->section = "27.3.1.1";
    check_control_registers(k);
    if (k->entry & VMX_ENTRY_LOAD_DEBUG) {
        vmcs_need(k, VMCS_GUEST_DEBUGCTL, !(vmcs_get(k, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_RESERVED),
                  "must have 0 in its reserved bits");
        vmcs_need(k, VMCS_GUEST_DR7, vmcs_get(k, VMCS_GUEST_DR7) >> 32 == 0, "must have 0 in bits 63:32");
    }
    vmcs_need_canonical(k, VMCS_GUEST_SYSENTER_ESP);
    vmcs_need_canonical(k, VMCS_GUEST_SYSENTER_EIP);
    if (k->entry & VMX_ENTRY_LOAD_PAT)
        vmcs_need_pat(k, VMCS_GUEST_PAT);
    if (k->entry & VMX_ENTRY_LOAD_EFER)
        check_efer(k);
}

static void check_descriptor_tables(struct vmx_checking *k)
{
    k->section = "27.3.1.3";
    vmcs_need_canonical(k, VMCS_GUEST_GDTR_BASE);
    vmcs_need_canonical(k, VMCS_GUEST_IDTR_BASE);
    vmcs_need(k, VMCS_GUEST_GDTR_LIMIT, vmcs_get(k, VMCS_GUEST_GDTR_LIMIT) <= 0xffff,
              "must be at most 0xffff");
    vmcs_need(k, VMCS_GUEST_IDTR_LIMIT, vmcs_get(k, VMCS_GUEST_IDTR_LIMIT) <= 0xffff,
              "must be at most 0xffff");
}

static void check_rip(struct vmx_checking *k)
{
    u64 rip = vmcs_get(k, VMCS_GUEST_RIP);
    s64 above = (s64)rip >> (k->list->linear_bits - 1) >> 1; /* one past the canonical half is allowed */

    if (vmx_ia32e(k) && vmcs_get(k, VMCS_GUEST_CS_ACCESS) & VMX_SEG_L)
        vmcs_need(k, VMCS_GUEST_RIP, above == 0 || above == -1,
                  "must have all bits alike above the linear address width");
    else
        vmcs_need(k, VMCS_GUEST_RIP, rip >> 32 == 0, "must have 0 in bits 63:32 outside 64-bit code");
}

static void check_rflags(struct vmx_checking *k)
{
    u64 flags = vmcs_get(k, VMCS_GUEST_RFLAGS);

    vmcs_need(k, VMCS_GUEST_RFLAGS, flags & RFLAGS_FIXED && !(flags & RFLAGS_RESERVED),
              "must have 1 in bit 1 and 0 in the reserved bits");
    vmcs_need(k, VMCS_GUEST_RFLAGS,
              !(flags & RFLAGS_VM) || (!vmx_ia32e(k) && vmcs_get(k, VMCS_GUEST_CR0) & CR0_PE),
              "must not have VM in IA-32e mode or without CR0.PE");
    vmcs_need(k, VMCS_GUEST_RFLAGS, flags & RFLAGS_IF || !vmx_injects(k, VMX_EVENT_INTR),
              "must have IF when an external interrupt is injected");
}

/* Without EPT the entries are read from memory instead: not by us. */
static void check_pdptes(struct vmx_checking *k)
{
    bool pae = vmcs_get(k, VMCS_GUEST_CR0) & CR0_PG && vmcs_get(k, VMCS_GUEST_CR4) & CR4_PAE && !vmx_ia32e(k);

    k->section = "27.3.1.6";
    for (unsigned i = 0; pae && k->proc2 & VMX_PROC2_EPT && i < 4; i++) {
        u64 field = VMCS_GUEST_PDPTE_0 + 2 * i, e = vmcs_get(k, field);

        vmcs_need(k, field, !(e & PDPTE_P) || (!(e & PDPTE_RESERVED) && vmx_physical(k, e)),
                  "must have 0 in its reserved bits if it is present");
    }
}

void vmx_check_guest(struct vmx_checking *k)
{
    check_registers(k);
    check_descriptor_tables(k);
    k->section = "27.3.1.4";
    check_rip(k);
    check_rflags(k);
    k->section = "27.3.1.5";
    vmcs_need(k, VMCS_LINK, vmcs_get(k, VMCS_LINK) == ~0ull, "must be all ones: no VMCS is linked");
    check_pdptes(k);
}
