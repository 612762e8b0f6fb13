/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_check_activity.c: what VM entry asks of activity, interruptibility and pending debug exceptions: what may come in
 * where (SDM vol. 3, 27.3.1.5).
 */
#include "vmx_check_parts.h"
#include "cpu.h"
#include "desc.h"

#define SHADOW            (VMX_SHADOW_STI | VMX_SHADOW_MOV_SS)
#define INTERRUPTIBLE_SMI BIT(2)
#define INTERRUPTIBLE_ALL 0xfu /* bit 4 is an enclave's, which no guest here has */
#define PENDING_KNOWN     (0xfu | BIT(12) | PENDING_BS)
#define PENDING_BS        BIT(14) /* single step */
#define DEBUGCTL_BTF      BIT(1)

/* An event ends a HLT, or a shutdown, without which it could not be injected there. */
static bool wakes(u32 event, u64 activity)
{
    u32 vector = event & VMX_EVENT_VECTOR;

    switch (event & VMX_EVENT_TYPE) {
    case VMX_EVENT_INTR:
        return activity == VMX_ACTIVITY_HLT;
    case VMX_EVENT_NMI:
        return activity == VMX_ACTIVITY_HLT || activity == VMX_ACTIVITY_SHUTDOWN;
    case VMX_EVENT_EXCEPTION:
        return vector == VEC_MC ? activity != VMX_ACTIVITY_WAIT
                                : vector == VEC_DB && activity == VMX_ACTIVITY_HLT;
    case VMX_EVENT_OTHER:
        return activity == VMX_ACTIVITY_HLT;
    }
    return false;
}

static void check_state(struct vmx_checking *k)
{
    u64 activity = vmcs_get(k, VMCS_GUEST_ACTIVITY);
    u32 event = vmx_injected(k);

    vmcs_need(k, VMCS_GUEST_ACTIVITY, activity <= VMX_ACTIVITY_WAIT, "must be 0 to 3");
    vmcs_need(k, VMCS_GUEST_ACTIVITY,
              activity != VMX_ACTIVITY_HLT || !VMX_SEG_DPL(vmcs_get(k, VMCS_GUEST_SS_ACCESS)),
              "must not be HLT outside privilege level 0");
    vmcs_need(k, VMCS_GUEST_ACTIVITY, !activity || !(vmcs_get(k, VMCS_GUEST_INTERRUPTIBLE) & SHADOW),
              "must be active in the shadow of STI or MOV SS");
    vmcs_need(k, VMCS_GUEST_ACTIVITY, !activity || !event || wakes(event, activity),
              "must be one that the injected event can end");
}

static void check_interruptibility(struct vmx_checking *k)
{
    u64 i = vmcs_get(k, VMCS_GUEST_INTERRUPTIBLE);

    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE, !(i & ~(u64)INTERRUPTIBLE_ALL),
              "must have 0 in the reserved bits");
    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE, (i & SHADOW) != SHADOW, "must not have both STI and MOV SS");
    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE,
              !(i & VMX_SHADOW_STI) || vmcs_get(k, VMCS_GUEST_RFLAGS) & RFLAGS_IF,
              "must not have STI while RFLAGS.IF is 0");
    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE, !(i & SHADOW) || !vmx_injects(k, VMX_EVENT_INTR),
              "must have no shadow when an external interrupt is injected");
    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE, !(i & SHADOW) || !vmx_injects(k, VMX_EVENT_NMI),
              "must have no shadow when an NMI is injected (STI: on some models)");
    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE, !(i & INTERRUPTIBLE_SMI), "must not block SMIs outside SMM");
    vmcs_need(k, VMCS_GUEST_INTERRUPTIBLE,
              !(i & VMX_NMI_BLOCKED) || !(k->pin & VMX_PIN_VIRTUAL_NMI) || !vmx_injects(k, VMX_EVENT_NMI),
              "must not block NMIs when one is injected");
}

/* With a trap that waits for the end of a shadow or of a HLT, single-stepping must be what the flags say. */
static void check_pending(struct vmx_checking *k)
{
    u64 pending = vmcs_get(k, VMCS_GUEST_DEBUG);
    bool waits = vmcs_get(k, VMCS_GUEST_INTERRUPTIBLE) & SHADOW ||
                 vmcs_get(k, VMCS_GUEST_ACTIVITY) == VMX_ACTIVITY_HLT;
    bool step =
        vmcs_get(k, VMCS_GUEST_RFLAGS) & RFLAGS_TF && !(vmcs_get(k, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

    vmcs_need(k, VMCS_GUEST_DEBUG, !(pending & ~(u64)PENDING_KNOWN), "must have 0 in the reserved bits");
    vmcs_need(k, VMCS_GUEST_DEBUG, !waits || !!(pending & PENDING_BS) == step,
              "must have BS as RFLAGS.TF and DEBUGCTL.BTF say, in a shadow or a HLT");
}

void vmx_check_activity(struct vmx_checking *k)
{
    k->section = "27.3.1.5";
    check_state(k);
    check_interruptibility(k);
    check_pending(k);
}
