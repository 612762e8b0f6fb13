/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_check.h: what VM entry would find wrong in a VMCS, by the manual's own list (SDM vol. 3, 27.2 and 27.3).
 *
 * For the controls, the host and the guest state that this host knows (vmx.h); a control that is set and not known is
 * reported too. What the manual leaves to the model is taken in its strict form. Pure: it reads no hardware, and no
 * field that the controls make non-existent.
 */
#pragma once
#include "lib/types.h"

struct vmx_features;

struct vmx_checklist {
    const struct vmx_features *features;
    unsigned physical_bits, linear_bits; /* widths of addresses on this CPU, as CPUID says */
    u8 vtpr;                             /* the task priority in the virtual-APIC page */
    u64 (*get)(u64 field);
    /* The field is wrong: `rule` is what it breaks, in words that go behind the value; `section` is the manual's. */
    void (*wrong)(const char *field, u64 value, const char *rule, const char *section);
};

/* How many rules are broken. */
unsigned vmx_check(const struct vmx_checklist *c);

/* "GUEST_RIP" for VMCS_GUEST_RIP; segments as "GUEST_ES_BASE". "?" for a field that vmx.h does not name. */
const char *vmx_field_name(u64 field);
