/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check.c: go through the manual's checks of VM entry; and the rules that many fields have. */
#include "vmx_check_parts.h"

/* Memory types that a PAT entry can have. */
#define PAT_TYPES (BIT(0) | BIT(1) | BIT(4) | BIT(5) | BIT(6) | BIT(7))

void vmcs_need(struct vmx_checking *k, u64 field, bool holds, const char *must)
{
    if (holds)
        return;
    k->broken++;
    k->list->wrong(vmx_field_name(field), vmcs_get(k, field), must, k->section);
}

void vmcs_need_physical(struct vmx_checking *k, u64 field)
{
    vmcs_need(k, field, vmx_physical(k, vmcs_get(k, field)), "must lie within the physical address width");
}

void vmcs_need_page(struct vmx_checking *k, u64 field)
{
    vmcs_need(k, field, !(vmcs_get(k, field) & PAGE_MASK), "must be aligned to a page");
    vmcs_need_physical(k, field);
}

void vmcs_need_canonical(struct vmx_checking *k, u64 field)
{
    s64 above = (s64)vmcs_get(k, field) >> (k->list->linear_bits - 1);

    vmcs_need(k, field, above == 0 || above == -1, "must be canonical");
}

void vmcs_need_pat(struct vmx_checking *k, u64 field)
{
    u64 pat = vmcs_get(k, field);
    bool known = true;

    for (unsigned i = 0; i < 8; i++)
        known = known && (pat >> i * 8 & 0xff) < 8 && (PAT_TYPES >> (pat >> i * 8 & 0xff) & 1);
    vmcs_need(k, field, known, "must have a memory type of 0, 1, 4, 5, 6 or 7 in each byte");
}

void vmcs_need_fixed(struct vmx_checking *k, u64 field, u64 must, u64 may)
{
    u64 v = vmcs_get(k, field);

    vmcs_need(k, field, !(must & ~v), "must have the bits that the capability MSRs require");
    vmcs_need(k, field, !(v & ~may), "must not have bits that the capability MSRs do not allow");
}

unsigned vmx_check(const struct vmx_checklist *c)
{
    struct vmx_checking k = {
        .list = c,
        .pin = (u32)c->get(VMCS_PIN_CONTROLS),
        .proc = (u32)c->get(VMCS_PROC_CONTROLS),
        .exit = (u32)c->get(VMCS_EXIT_CONTROLS),
        .entry = (u32)c->get(VMCS_ENTRY_CONTROLS),
    };

    if (k.proc & VMX_PROC_SECONDARY)
        k.proc2 = (u32)c->get(VMCS_PROC2_CONTROLS);
    vmx_check_controls(&k);
    vmx_check_host(&k);
    vmx_check_guest(&k);
    vmx_check_segments(&k);
    vmx_check_activity(&k);
    return k.broken;
}
