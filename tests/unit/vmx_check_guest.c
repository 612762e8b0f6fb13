/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check_guest.c: each rule of VM entry about the guest's state that is broken is found, at its field. */
#include "vmx_rig.h"

/* Unrestricted guests off: the older rules hold. */
#define RESTRICTED OFF(PROC2_CONTROLS, VMX_PROC2_UNRESTRICTED)

#define SELECTOR(n, value)                  \
    {                                       \
        VMCS_GUEST_ES + 2 * n, ~0ull, value \
    }
#define BASE(n, value)                           \
    {                                            \
        VMCS_GUEST_ES_BASE + 2 * n, ~0ull, value \
    }
#define LIMIT(n, value)                           \
    {                                             \
        VMCS_GUEST_ES_LIMIT + 2 * n, ~0ull, value \
    }
#define ACCESS(n, value)                           \
    {                                              \
        VMCS_GUEST_ES_ACCESS + 2 * n, ~0ull, value \
    }

static void registers(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "GUEST_CR0", "require", {OFF(GUEST_CR0, CR0_NE)}},
        {rig_guest_pvh, "GUEST_CR0", "require", {RESTRICTED}},
        {rig_guest_real, "GUEST_CR0", "PE with PG", {ON(GUEST_CR0, CR0_PG)}},
        {rig_guest_64, "GUEST_CR0", "PG in IA-32e", {OFF(GUEST_CR0, CR0_PG)}},
        {rig_guest_64, "GUEST_CR4", "PAE in IA-32e", {OFF(GUEST_CR4, CR4_PAE)}},
        {rig_guest_64, "GUEST_CR4", "require", {OFF(GUEST_CR4, CR4_VMXE)}},
        {rig_guest_64, "GUEST_CR4", "not allow", {ON(GUEST_CR4, BIT(15))}},
        {rig_guest_64, "GUEST_CR4", "CET", {ON(GUEST_CR4, CR4_CET)}},
        {rig_guest_pvh, "GUEST_CR4", "PCIDE", {ON(GUEST_CR4, CR4_PCIDE)}},
        {rig_guest_64, NULL, NULL, {ON(GUEST_CR4, CR4_PCIDE)}},
        {rig_guest_64, "GUEST_CR3", "width", {ON(GUEST_CR3, BIT(63))}},
        {rig_guest_64, "GUEST_DEBUGCTL", "reserved", {IS(GUEST_DEBUGCTL, BIT(3))}},
        {rig_guest_64, "GUEST_DR7", "63:32", {ON(GUEST_DR7, BIT(32))}},
        {rig_guest_64, "GUEST_SYSENTER_ESP", "canonical", {IS(GUEST_SYSENTER_ESP, BIT(62))}},
        {rig_guest_64, "GUEST_SYSENTER_EIP", "canonical", {IS(GUEST_SYSENTER_EIP, BIT(47))}},
        {rig_guest_64, "GUEST_PAT", "memory type", {IS(GUEST_PAT, 3)}},
        {rig_guest_64, "GUEST_EFER", "reserved", {ON(GUEST_EFER, EFER_SVME)}},
        {rig_guest_pae, "GUEST_EFER", "only if", {ON(GUEST_EFER, EFER_LMA | EFER_LME)}},
        {rig_guest_64, "GUEST_EFER", "alike", {OFF(GUEST_EFER, EFER_LME)}},
        {rig_guest_pae, "GUEST_EFER", "alike", {ON(GUEST_EFER, EFER_LME)}},
        {rig_guest_pvh, NULL, NULL, {ON(GUEST_EFER, EFER_LME)}},
        {rig_guest_64, "GUEST_GDTR_BASE", "canonical", {IS(GUEST_GDTR_BASE, BIT(47))}},
        {rig_guest_64, "GUEST_IDTR_BASE", "canonical", {IS(GUEST_IDTR_BASE, BIT(47))}},
        {rig_guest_64, "GUEST_GDTR_LIMIT", "0xffff", {IS(GUEST_GDTR_LIMIT, 0x10000)}},
        {rig_guest_64, "GUEST_IDTR_LIMIT", "0xffff", {IS(GUEST_IDTR_LIMIT, 0x10000)}},
        {rig_guest_64, "GUEST_RIP", "alike", {IS(GUEST_RIP, BIT(48))}},
        {rig_guest_64, NULL, NULL, {IS(GUEST_RIP, BIT(47))}},
        {rig_guest_pvh, "GUEST_RIP", "63:32", {IS(GUEST_RIP, BIT(32))}},
        {rig_guest_64, "GUEST_RIP", "63:32", {IS(GUEST_RIP, BIT(32)), ACCESS(1, RIG_CODE32)}},
        {rig_guest_64, "GUEST_RFLAGS", "bit 1", {OFF(GUEST_RFLAGS, 2)}},
        {rig_guest_64, "GUEST_RFLAGS", "bit 1", {ON(GUEST_RFLAGS, BIT(22))}},
        {rig_guest_64, "GUEST_RFLAGS", "bit 1", {ON(GUEST_RFLAGS, BIT(3))}},
        {rig_guest_v8086, "GUEST_RFLAGS", "CR0.PE", {OFF(GUEST_CR0, CR0_PE)}},
        {rig_guest_64, "LINK", "all ones", {IS(LINK, 0x1000)}},
        {rig_guest_pae, "GUEST_PDPTE_2", "reserved", {{VMCS_GUEST_PDPTE_0 + 4, 0, 2}}},
        {rig_guest_pae, "GUEST_PDPTE_3", "reserved", {{VMCS_GUEST_PDPTE_0 + 6, 0, BIT(40)}}},
        {rig_guest_pae, NULL, NULL, {{VMCS_GUEST_PDPTE_0 + 6, 1, BIT(40)}}},
    };

    (void)state;
    RUN(table);
}

static void code_and_stack(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "GUEST_CS_ACCESS", "accessed code", {ACCESS(1, 0xa09a)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "accessed code", {ACCESS(1, 0xa097)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "accessed code", {RESTRICTED, ACCESS(1, 0xa093)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "S 1", {ACCESS(1, 0xa08b)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "present", {ACCESS(1, 0xa01b)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "31:17", {ACCESS(1, 0xa19b)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "31:17", {ACCESS(1, 0x2a09b)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "G 0", {LIMIT(1, 0xfffff000)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "G 1", {ACCESS(1, 0x209b)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "of type 3", {ACCESS(1, 0xa0f3)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "DPL of SS", {ACCESS(1, 0xa0bb)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "if conforming", {ACCESS(1, 0xa0bf)}},
        {rig_guest_64, NULL, NULL, {ACCESS(1, 0xa09f), ACCESS(2, 0xc0f3)}},
        {rig_guest_64, "GUEST_CS_ACCESS", "D with L", {ACCESS(1, 0xe09b)}},
        {rig_guest_64, "GUEST_CS_BASE", "63:32", {BASE(1, BIT(32))}},
        {rig_guest_64,
         "GUEST_SS",
         "RPL of CS",
         {RESTRICTED, SELECTOR(2, 0x13), ACCESS(1, 0xa0fb), ACCESS(2, 0xc0f3)}},
        {rig_guest_64, "GUEST_SS_ACCESS", "as DPL", {RESTRICTED, ACCESS(1, 0xa0fb), ACCESS(2, 0xc0f3)}},
        {rig_guest_64, "GUEST_SS_ACCESS", "type 3 or CR0.PE", {ACCESS(1, 0xa093), ACCESS(2, 0xc0f3)}},
        {rig_guest_real, "GUEST_SS_ACCESS", "type 3 or CR0.PE", {ACCESS(1, 0xfb), ACCESS(2, 0xf3)}},
        {rig_guest_64, "GUEST_SS_ACCESS", "writable", {ACCESS(2, 0xc091)}},
        {rig_guest_64, "GUEST_SS_ACCESS", "present", {ACCESS(2, 0xc013)}},
        {rig_guest_64, "GUEST_SS_BASE", "63:32", {BASE(2, BIT(63))}},
        {rig_guest_64, NULL, NULL, {ACCESS(2, RIG_UNUSABLE), BASE(2, BIT(63)), SELECTOR(2, 0)}},
    };

    (void)state;
    RUN(table);
}

static void data_and_system(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "GUEST_DS_ACCESS", "be accessed", {ACCESS(3, 0xc092)}},
        {rig_guest_64, "GUEST_ES_ACCESS", "readable", {ACCESS(0, 0xc099)}},
        {rig_guest_64, "GUEST_FS_ACCESS", "S 1", {ACCESS(4, 0xc083)}},
        {rig_guest_64, "GUEST_DS_ACCESS", "selector's RPL", {RESTRICTED, SELECTOR(3, 0x13)}},
        {rig_guest_64, NULL, NULL, {SELECTOR(3, 0x13)}},
        {rig_guest_64, NULL, NULL, {RESTRICTED, SELECTOR(3, 0x13), ACCESS(3, 0xc09f)}},
        {rig_guest_64, "GUEST_DS_BASE", "63:32", {BASE(3, BIT(32))}},
        {rig_guest_64, NULL, NULL, {BASE(3, BIT(32)), ACCESS(3, RIG_UNUSABLE)}},
        {rig_guest_64, NULL, NULL, {BASE(5, 0xffff800000000000)}},
        {rig_guest_64, "GUEST_GS_BASE", "canonical", {BASE(5, BIT(47))}},
        {rig_guest_64, "GUEST_FS_BASE", "canonical", {BASE(4, BIT(47)), ACCESS(4, RIG_UNUSABLE)}},
        {rig_guest_64, "GUEST_LDTR", "TI 0", {ACCESS(6, RIG_LDT), SELECTOR(6, 4)}},
        {rig_guest_64, "GUEST_LDTR_BASE", "canonical", {ACCESS(6, RIG_LDT), BASE(6, BIT(60))}},
        {rig_guest_64, "GUEST_LDTR_ACCESS", "type 2", {ACCESS(6, 0x83)}},
        {rig_guest_64, "GUEST_LDTR_ACCESS", "S 0", {ACCESS(6, 0x92)}},
        {rig_guest_64, "GUEST_LDTR_ACCESS", "present", {ACCESS(6, 2)}},
        {rig_guest_64, NULL, NULL, {SELECTOR(6, 4), BASE(6, BIT(60))}},
        {rig_guest_64, "GUEST_TR", "TI 0", {SELECTOR(7, 0x1c)}},
        {rig_guest_64, "GUEST_TR_BASE", "canonical", {BASE(7, BIT(47))}},
        {rig_guest_64, "GUEST_TR_ACCESS", "usable", {ACCESS(7, RIG_TSS | RIG_UNUSABLE)}},
        {rig_guest_64, "GUEST_TR_ACCESS", "busy TSS", {ACCESS(7, 0x89)}},
        {rig_guest_64, "GUEST_TR_ACCESS", "busy TSS", {ACCESS(7, 0x83)}},
        {rig_guest_pvh, NULL, NULL, {ACCESS(7, 0x83)}},
        {rig_guest_64, "GUEST_TR_ACCESS", "S 0", {ACCESS(7, 0x9b)}},
        {rig_guest_v8086, "GUEST_GS_BASE", "selector << 4", {BASE(5, 0x1000)}},
        {rig_guest_v8086, "GUEST_SS_LIMIT", "0xffff", {LIMIT(2, 0xfffff)}},
        {rig_guest_v8086, "GUEST_CS_ACCESS", "0xf3", {ACCESS(1, 0xfb)}},
    };

    (void)state;
    RUN(table);
}

static void activity(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, NULL, NULL, {IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT)}},
        {rig_guest_64, "GUEST_ACTIVITY", "0 to 3", {IS(GUEST_ACTIVITY, 4)}},
        {rig_guest_64,
         "GUEST_ACTIVITY",
         "level 0",
         {IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT), ACCESS(1, 0xa0fb), ACCESS(2, 0xc0f3)}},
        {rig_guest_64,
         "GUEST_ACTIVITY",
         "shadow",
         {IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT), IS(GUEST_INTERRUPTIBLE, VMX_SHADOW_MOV_SS)}},
        {rig_guest_64, NULL, NULL, {IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT), EVENT(VMX_EVENT_INTR, 64), IF_ON}},
        {rig_guest_64, NULL, NULL, {IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT), EVENT(VMX_EVENT_EXCEPTION, 1)}},
        {rig_guest_64, NULL, NULL, {IS(GUEST_ACTIVITY, VMX_ACTIVITY_SHUTDOWN), EVENT(VMX_EVENT_NMI, 2)}},
        {rig_guest_64,
         NULL,
         NULL,
         {IS(GUEST_ACTIVITY, VMX_ACTIVITY_SHUTDOWN), EVENT(VMX_EVENT_EXCEPTION, 18)}},
        {rig_guest_64,
         "GUEST_ACTIVITY",
         "can end",
         {IS(GUEST_ACTIVITY, VMX_ACTIVITY_SHUTDOWN), EVENT(VMX_EVENT_INTR, 64), IF_ON}},
        {rig_guest_64,
         "GUEST_ACTIVITY",
         "can end",
         {IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT), EVENT(VMX_EVENT_EXCEPTION, 6)}},
        {rig_guest_64,
         "GUEST_ACTIVITY",
         "can end",
         {IS(GUEST_ACTIVITY, VMX_ACTIVITY_WAIT), EVENT(VMX_EVENT_NMI, 2)}},
    };

    (void)state;
    RUN(table);
}

static void interruptibility(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, NULL, NULL, {IS(GUEST_INTERRUPTIBLE, VMX_SHADOW_STI), IF_ON}},
        {rig_guest_64, NULL, NULL, {IS(GUEST_INTERRUPTIBLE, VMX_NMI_BLOCKED | VMX_SHADOW_MOV_SS)}},
        {rig_guest_64, "GUEST_INTERRUPTIBLE", "reserved", {IS(GUEST_INTERRUPTIBLE, BIT(5))}},
        {rig_guest_64, "GUEST_INTERRUPTIBLE", "both", {IS(GUEST_INTERRUPTIBLE, 3), IF_ON}},
        {rig_guest_64, "GUEST_INTERRUPTIBLE", "IF is 0", {IS(GUEST_INTERRUPTIBLE, VMX_SHADOW_STI)}},
        {rig_guest_64,
         "GUEST_INTERRUPTIBLE",
         "external interrupt",
         {IS(GUEST_INTERRUPTIBLE, VMX_SHADOW_STI), IF_ON, EVENT(VMX_EVENT_INTR, 64)}},
        {rig_guest_64,
         "GUEST_INTERRUPTIBLE",
         "when an NMI",
         {IS(GUEST_INTERRUPTIBLE, VMX_SHADOW_MOV_SS), EVENT(VMX_EVENT_NMI, 2)}},
        {rig_guest_64, "GUEST_INTERRUPTIBLE", "SMI", {IS(GUEST_INTERRUPTIBLE, BIT(2))}},
        {rig_guest_64,
         "GUEST_INTERRUPTIBLE",
         "block NMIs",
         {IS(GUEST_INTERRUPTIBLE, VMX_NMI_BLOCKED), EVENT(VMX_EVENT_NMI, 2)}},
        {rig_guest_64,
         NULL,
         NULL,
         {IS(GUEST_INTERRUPTIBLE, VMX_NMI_BLOCKED), EVENT(VMX_EVENT_NMI, 2),
          OFF(PIN_CONTROLS, VMX_PIN_VIRTUAL_NMI)}},
    };

    (void)state;
    RUN(table);
}

#define STEP   ON(GUEST_RFLAGS, RFLAGS_TF)
#define MOV_SS IS(GUEST_INTERRUPTIBLE, VMX_SHADOW_MOV_SS)

static void pending_traps(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, NULL, NULL, {STEP}},
        {rig_guest_64, NULL, NULL, {STEP, MOV_SS, IS(GUEST_DEBUG, BIT(14))}},
        {rig_guest_64, NULL, NULL, {STEP, MOV_SS, IS(GUEST_DEBUGCTL, BIT(1))}},
        {rig_guest_64, "GUEST_DEBUG", "reserved", {IS(GUEST_DEBUG, BIT(4))}},
        {rig_guest_64, "GUEST_DEBUG", "BS", {STEP, MOV_SS}},
        {rig_guest_64, "GUEST_DEBUG", "BS", {MOV_SS, IS(GUEST_DEBUG, BIT(14))}},
        {rig_guest_64, "GUEST_DEBUG", "BS", {STEP, IS(GUEST_ACTIVITY, VMX_ACTIVITY_HLT)}},
    };

    (void)state;
    RUN(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers), cmocka_unit_test(code_and_stack),   cmocka_unit_test(data_and_system),
        cmocka_unit_test(activity),  cmocka_unit_test(interruptibility), cmocka_unit_test(pending_traps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
