/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check_host.c: what VM entry asks of the host state, to which it will exit (SDM vol. 3, 27.2.2 to 27.2.4). */
#include "vmx_check_parts.h"
#include "cpu.h"

#define SELECTOR_LOW 7u /* RPL and TI */

static const u16 selectors[] = {VMCS_HOST_ES, VMCS_HOST_CS, VMCS_HOST_SS, VMCS_HOST_DS,
                                VMCS_HOST_FS, VMCS_HOST_GS, VMCS_HOST_TR};
static const u16 bases[] = {VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE, VMCS_HOST_GDTR_BASE, VMCS_HOST_IDTR_BASE,
                            VMCS_HOST_TR_BASE};

static void check_host_registers(struct vmx_checking *k)
{
    const struct vmx_features *f = k->list->features;

    k->section = "27.2.2";
    vmcs_need_fixed(k, VMCS_HOST_CR0, f->cr0_must, f->cr0_may);
    vmcs_need_fixed(k, VMCS_HOST_CR4, f->cr4_must, f->cr4_may);
    vmcs_need(k, VMCS_HOST_CR4,
              !(vmcs_get(k, VMCS_HOST_CR4) & CR4_CET) || vmcs_get(k, VMCS_HOST_CR0) & CR0_WP,
              "must not have CET without CR0.WP");
    vmcs_need_physical(k, VMCS_HOST_CR3);
    vmcs_need_canonical(k, VMCS_HOST_SYSENTER_ESP);
    vmcs_need_canonical(k, VMCS_HOST_SYSENTER_EIP);
    if (k->exit & VMX_EXIT_LOAD_PAT)
        vmcs_need_pat(k, VMCS_HOST_PAT);
    if (!(k->exit & VMX_EXIT_LOAD_EFER))
        return;
    vmcs_need(k, VMCS_HOST_EFER, !(vmcs_get(k, VMCS_HOST_EFER) & ~(u64)EFER_VMX_KNOWN),
              "must have 0 in its reserved bits");
    vmcs_need(k, VMCS_HOST_EFER,
              (vmcs_get(k, VMCS_HOST_EFER) & (EFER_LMA | EFER_LME)) == (EFER_LMA | EFER_LME),
              "must have LMA and LME for a 64-bit host");
}

static void check_host_segments(struct vmx_checking *k)
{
    k->section = "27.2.3";
    for (unsigned i = 0; i < ARRAY_SIZE(selectors); i++)
        vmcs_need(k, selectors[i], !(vmcs_get(k, selectors[i]) & SELECTOR_LOW), "must have RPL and TI 0");
    vmcs_need(k, VMCS_HOST_CS, vmcs_get(k, VMCS_HOST_CS), "must not be 0");
    vmcs_need(k, VMCS_HOST_TR, vmcs_get(k, VMCS_HOST_TR), "must not be 0");
    for (unsigned i = 0; i < ARRAY_SIZE(bases); i++)
        vmcs_need_canonical(k, bases[i]);
}

/* This host is a 64-bit one, so its entries are made in IA-32e mode. */
static void check_host_size(struct vmx_checking *k)
{
    k->section = "27.2.4";
    vmcs_need(k, VMCS_EXIT_CONTROLS, k->exit & VMX_EXIT_HOST_64, "must return to a 64-bit host");
    vmcs_need(k, VMCS_HOST_CR4, vmcs_get(k, VMCS_HOST_CR4) & CR4_PAE, "must have PAE for a 64-bit host");
    vmcs_need_canonical(k, VMCS_HOST_RIP);
}

void vmx_check_host(struct vmx_checking *k)
{
    check_host_registers(k);
    check_host_segments(k);
    check_host_size(k);
}
