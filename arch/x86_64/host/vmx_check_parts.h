/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check_parts.h: what the vmx_check*.c files share: one VMCS being checked, and how a rule is put. */
#pragma once
#include "vmx_check.h"
#include "msr.h"
#include "vmx_cpu.h"

/* All the bits of EFER that are defined here: SVME is the other vendor's. */
#define EFER_VMX_KNOWN (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

struct vmx_checking {
    const struct vmx_checklist *list;
    const char *section; /* of the manual, where the rules that follow stand */
    u32 pin, proc, proc2, exit, entry;
    unsigned broken;
};

void vmx_check_controls(struct vmx_checking *k);
void vmx_check_host(struct vmx_checking *k);
void vmx_check_guest(struct vmx_checking *k);
void vmx_check_segments(struct vmx_checking *k);
void vmx_check_activity(struct vmx_checking *k);

static inline u64 vmcs_get(const struct vmx_checking *k, u64 field)
{
    return k->list->get(field);
}

/* If not `holds`, the field is wrong because it `must`. */
void vmcs_need(struct vmx_checking *k, u64 field, bool holds, const char *must);

/* Rules that many fields have. */
void vmcs_need_page(struct vmx_checking *k, u64 field);
void vmcs_need_physical(struct vmx_checking *k, u64 field);
void vmcs_need_canonical(struct vmx_checking *k, u64 field);
void vmcs_need_pat(struct vmx_checking *k, u64 field);
void vmcs_need_fixed(struct vmx_checking *k, u64 field, u64 must, u64 may);

/* No bit of v is above the physical width. */
static inline bool vmx_physical(const struct vmx_checking *k, u64 v)
{
    return v >> k->list->physical_bits == 0;
}

static inline bool vmx_ia32e(const struct vmx_checking *k)
{
    return k->entry & VMX_ENTRY_IA32E;
}

static inline bool vmx_unrestricted(const struct vmx_checking *k)
{
    return k->proc2 & VMX_PROC2_UNRESTRICTED;
}

/* The event to inject, 0 if there is none. */
static inline u32 vmx_injected(const struct vmx_checking *k)
{
    u32 e = (u32)vmcs_get(k, VMCS_ENTRY_EVENT);

    return e & VMX_EVENT_VALID ? e : 0;
}

static inline bool vmx_injects(const struct vmx_checking *k, u32 type)
{
    u32 e = vmx_injected(k);

    return e && (e & VMX_EVENT_TYPE) == type;
}
