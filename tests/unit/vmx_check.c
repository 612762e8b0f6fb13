/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_check.c: what VM entry accepts has nothing wrong; a broken rule of controls or host is found, at its field. */
#include "vmx_rig.h"

static void what_entry_accepts(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, NULL, NULL, {}},    {rig_guest_pvh, NULL, NULL, {}}, {rig_guest_real, NULL, NULL, {}},
        {rig_guest_v8086, NULL, NULL, {}}, {rig_guest_pae, NULL, NULL, {}},
    };

    (void)state;
    RUN(table);
}

/* The rig fails a test that reads a field that its controls make non-existent. */
static void fields_that_are_not_there(void **state)
{
    static const u16 optional[] = {VMCS_MSR_BITMAP,       VMCS_VIRT_APIC_ADDR, VMCS_TPR_THRESHOLD,
                                   VMCS_APIC_ACCESS_ADDR, VMCS_EPTP,           VMCS_VPID,
                                   VMCS_PROC2_CONTROLS,   VMCS_GUEST_PAT,      VMCS_GUEST_EFER,
                                   VMCS_HOST_PAT,         VMCS_HOST_EFER};

    (void)state;
    rig_machine();
    rig_guest_64();
    rig_set(VMCS_PROC_CONTROLS, RIG_PROC);
    rig_set(VMCS_EXIT_CONTROLS, RIG_EXIT | VMX_EXIT_HOST_64);
    rig_set(VMCS_ENTRY_CONTROLS, RIG_ENTRY | VMX_ENTRY_IA32E);
    for (unsigned i = 0; i < ARRAY_SIZE(optional); i++)
        rig.there[optional[i]] = false;
    assert_int_equal(rig_check(), 0);
}

static void controls(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "PIN_CONTROLS", "require", {OFF(PIN_CONTROLS, BIT(1))}},
        {rig_guest_64, "PROC_CONTROLS", "require", {OFF(PROC_CONTROLS, BIT(8))}},
        {rig_guest_64, "PROC2_CONTROLS", "does not know", {ON(PROC2_CONTROLS, BIT(13))}},
        {rig_guest_64, "EXIT_CONTROLS", "require", {OFF(EXIT_CONTROLS, BIT(0))}},
        {rig_guest_64, "ENTRY_CONTROLS", "require", {OFF(ENTRY_CONTROLS, BIT(0))}},
        {rig_guest_64, "PIN_CONTROLS", "NMI exiting", {OFF(PIN_CONTROLS, VMX_PIN_NMI)}},
        {rig_guest_64,
         "PROC_CONTROLS",
         "NMI-window",
         {OFF(PIN_CONTROLS, VMX_PIN_VIRTUAL_NMI), ON(PROC_CONTROLS, VMX_PROC_NMI_WINDOW)}},
        {rig_guest_64,
         "PROC2_CONTROLS",
         "without a TPR shadow",
         {OFF(PROC_CONTROLS, VMX_PROC_TPR_SHADOW), ON(PROC2_CONTROLS, VMX_PROC2_APIC_REGS)}},
        {rig_guest_64, "PROC2_CONTROLS", "not virtualise both", {ON(PROC2_CONTROLS, VMX_PROC2_X2APIC)}},
        {rig_guest_64,
         "PIN_CONTROLS",
         "external-interrupt",
         {OFF(PIN_CONTROLS, VMX_PIN_INTR), ON(PROC2_CONTROLS, VMX_PROC2_INTR)}},
        {rig_guest_64, "PROC2_CONTROLS", "must have EPT", {OFF(PROC2_CONTROLS, VMX_PROC2_EPT)}},
        {rig_guest_64,
         "EXIT_CONTROLS",
         "preemption timer",
         {OFF(PIN_CONTROLS, VMX_PIN_TIMER), ON(EXIT_CONTROLS, VMX_EXIT_SAVE_TIMER)}},
        {rig_guest_64, "ENTRY_CONTROLS", "SMM", {ON(ENTRY_CONTROLS, VMX_ENTRY_SMM)}},
        {rig_guest_64, "ENTRY_CONTROLS", "SMM", {ON(ENTRY_CONTROLS, VMX_ENTRY_DUAL)}},
    };

    (void)state;
    RUN(table);
}

static void controls_not_allowed(void **state)
{
    (void)state;
    rig_machine();
    rig_guest_64();
    rig.features.pin.may &= ~(u32)VMX_PIN_TIMER;
    rig.features.proc2.may &= ~(u32)VMX_PROC2_VPID;
    assert_int_equal(rig_check(), 2);
    assert_non_null(strstr(rig.said, "PIN_CONTROLS = 7f must not have bits"));
    assert_non_null(strstr(rig.said, "PROC2_CONTROLS = a3 must not have bits"));
}

static void operands_of_controls(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "CR3_TARGETS", "at most 4", {IS(CR3_TARGETS, 5)}},
        {rig_guest_64,
         "IO_BITMAP_B",
         "aligned",
         {ON(PROC_CONTROLS, VMX_PROC_IO_BITMAPS), IS(IO_BITMAP_A, 0x1000), IS(IO_BITMAP_B, 0x1008)}},
        {rig_guest_64,
         "IO_BITMAP_A",
         "width",
         {ON(PROC_CONTROLS, VMX_PROC_IO_BITMAPS), IS(IO_BITMAP_A, BIT(40)), IS(IO_BITMAP_B, 0x1000)}},
        {rig_guest_64, "MSR_BITMAP", "aligned", {ON(MSR_BITMAP, 0x10)}},
        {rig_guest_64, "MSR_BITMAP", "width", {ON(MSR_BITMAP, BIT(40))}},
        {rig_guest_64, "VPID", "not be 0", {IS(VPID, 0)}},
        {rig_guest_64, "EPTP", "memory type", {OFF(EPTP, 7)}},
        {rig_guest_64, "EPTP", "walk length", {ON(EPTP, 4u << 3)}},
        {rig_guest_64, "EPTP", "reserved", {ON(EPTP, BIT(8))}},
        {rig_guest_64, "EPTP", "shadow-stack", {ON(EPTP, BIT(7))}},
        {rig_guest_64, "EPTP", "memory type", {IS(EPTP, 0x405d)}},
        {rig_guest_64, "EPTP", "width", {ON(EPTP, BIT(45))}},
        {rig_guest_64, "PML_ADDR", "aligned", {ON(PROC2_CONTROLS, VMX_PROC2_PML), IS(PML_ADDR, 0x800)}},
        {rig_guest_64, "EXIT_MSR_STORE_ADDR", "16", {IS(EXIT_MSR_STORES, 1), IS(EXIT_MSR_STORE_ADDR, 8)}},
        {rig_guest_64,
         "EXIT_MSR_LOAD_ADDR",
         "width",
         {IS(EXIT_MSR_LOADS, 2), IS(EXIT_MSR_LOAD_ADDR, 0xfffffffff0)}},
        {rig_guest_64, NULL, NULL, {IS(EXIT_MSR_LOADS, 1), IS(EXIT_MSR_LOAD_ADDR, 0xfffffffff0)}},
        {rig_guest_64, "ENTRY_MSR_LOAD_ADDR", "16", {IS(ENTRY_MSR_LOADS, 1), IS(ENTRY_MSR_LOAD_ADDR, 4)}},
    };

    (void)state;
    RUN(table);
    rig_machine();
    rig_guest_64();
    rig.features.ept_vpid &= ~VMX_EPT_AD;
    assert_int_equal(rig_check(), 1);
    assert_non_null(strstr(rig.said, "accessed and dirty"));
}

static void apic(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "VIRT_APIC_ADDR", "aligned", {ON(VIRT_APIC_ADDR, 1)}},
        {rig_guest_64, "APIC_ACCESS_ADDR", "aligned", {ON(APIC_ACCESS_ADDR, 1)}},
        {rig_guest_64, "APIC_ACCESS_ADDR", "width", {ON(APIC_ACCESS_ADDR, BIT(41))}},
        {rig_guest_64, "TPR_THRESHOLD", "at most 15", {IS(TPR_THRESHOLD, 0x10)}},
        {rig_guest_64, NULL, NULL, {IS(TPR_THRESHOLD, 0x10), ON(PROC2_CONTROLS, VMX_PROC2_INTR)}},
        {rig_guest_64, NULL, NULL, {IS(TPR_THRESHOLD, 6)}},
        {rig_guest_64, NULL, NULL, {IS(TPR_THRESHOLD, 5), OFF(PROC2_CONTROLS, VMX_PROC2_APIC_ACCESS)}},
        {rig_guest_64,
         "TPR_THRESHOLD",
         "virtual TPR",
         {IS(TPR_THRESHOLD, 6), OFF(PROC2_CONTROLS, VMX_PROC2_APIC_ACCESS)}},
    };

    (void)state;
    RUN(table);
}

#define POSTED ON(PIN_CONTROLS, VMX_PIN_POSTED), ON(PROC2_CONTROLS, VMX_PROC2_INTR), IS(POSTED_VECTOR, 0xf2)

static void posted_interrupts(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, NULL, NULL, {POSTED, IS(POSTED_ADDR, 0x40)}},
        {rig_guest_64, "POSTED_ADDR", "64", {POSTED, IS(POSTED_ADDR, 0x20)}},
        {rig_guest_64, "POSTED_ADDR", "width", {POSTED, IS(POSTED_ADDR, BIT(40))}},
        {rig_guest_64, "POSTED_VECTOR", "255", {POSTED, IS(POSTED_VECTOR, 0x100), IS(POSTED_ADDR, 0)}},
        {rig_guest_64,
         "EXIT_CONTROLS",
         "acknowledge",
         {POSTED, IS(POSTED_ADDR, 0), OFF(EXIT_CONTROLS, VMX_EXIT_ACK)}},
        {rig_guest_64,
         "PROC2_CONTROLS",
         "delivery",
         {POSTED, IS(POSTED_ADDR, 0), OFF(PROC2_CONTROLS, VMX_PROC2_INTR)}},
    };

    (void)state;
    RUN(table);
}

static void injected_events(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, NULL, NULL, {EVENT(VMX_EVENT_INTR, 0x40), IF_ON}},
        {rig_guest_64, NULL, NULL, {EVENT(VMX_EVENT_NMI, 2)}},
        {rig_guest_64, NULL, NULL, {EVENT(VMX_EVENT_EXCEPTION, 6)}},
        {rig_guest_64,
         NULL,
         NULL,
         {EVENT(VMX_EVENT_EXCEPTION | VMX_EVENT_HAS_ERROR, 13), IS(ENTRY_EVENT_ERROR, 8)}},
        {rig_guest_64, NULL, NULL, {EVENT(VMX_EVENT_SOFT, 0x80), IS(ENTRY_LENGTH, 2)}},
        {rig_guest_real, NULL, NULL, {EVENT(VMX_EVENT_EXCEPTION, 13)}},
        {rig_guest_64, "ENTRY_EVENT", "reserved type", {EVENT(VMX_EVENT_RESERVED, 2)}},
        {rig_guest_64, "ENTRY_EVENT", "vector 2", {EVENT(VMX_EVENT_NMI, 3)}},
        {rig_guest_64, "ENTRY_EVENT", "at most 31", {EVENT(VMX_EVENT_EXCEPTION, 32)}},
        {rig_guest_64, "ENTRY_EVENT", "vector 0", {EVENT(VMX_EVENT_OTHER, 1)}},
        {rig_guest_64, "ENTRY_EVENT", "30:12", {EVENT(VMX_EVENT_NMI | BIT(12), 2)}},
        {rig_guest_64, "ENTRY_EVENT", "error code if", {EVENT(VMX_EVENT_EXCEPTION, 14)}},
        {rig_guest_real,
         "ENTRY_EVENT",
         "error code if",
         {EVENT(VMX_EVENT_EXCEPTION | VMX_EVENT_HAS_ERROR, 13), IS(ENTRY_EVENT_ERROR, 0)}},
        {rig_guest_64,
         "ENTRY_EVENT_ERROR",
         "31:16",
         {EVENT(VMX_EVENT_EXCEPTION | VMX_EVENT_HAS_ERROR, 13), IS(ENTRY_EVENT_ERROR, 0x10000)}},
        {rig_guest_64, "ENTRY_LENGTH", "1 to 15", {EVENT(VMX_EVENT_SOFT, 3), IS(ENTRY_LENGTH, 0)}},
        {rig_guest_64, "ENTRY_LENGTH", "1 to 15", {EVENT(VMX_EVENT_SOFT, 3), IS(ENTRY_LENGTH, 16)}},
        {rig_guest_64, "GUEST_RFLAGS", "must have IF", {EVENT(VMX_EVENT_INTR, 0x40)}},
    };

    (void)state;
    RUN(table);
}

static void host_state(void **state)
{
    static const struct broken table[] = {
        {rig_guest_64, "HOST_CR0", "require", {OFF(HOST_CR0, CR0_NE)}},
        {rig_guest_64, "HOST_CR4", "not allow", {ON(HOST_CR4, BIT(30))}},
        {rig_guest_64, "HOST_CR4", "CET", {ON(HOST_CR4, CR4_CET), OFF(HOST_CR0, CR0_WP)}},
        {rig_guest_64, "HOST_CR4", "PAE", {OFF(HOST_CR4, CR4_PAE)}},
        {rig_guest_64, "HOST_CR3", "width", {ON(HOST_CR3, BIT(40))}},
        {rig_guest_64, "HOST_SYSENTER_ESP", "canonical", {IS(HOST_SYSENTER_ESP, BIT(47))}},
        {rig_guest_64, "HOST_SYSENTER_EIP", "canonical", {IS(HOST_SYSENTER_EIP, BIT(63))}},
        {rig_guest_64, "HOST_PAT", "memory type", {IS(HOST_PAT, 2)}},
        {rig_guest_64, "HOST_PAT", "memory type", {ON(HOST_PAT, 8ull << 56)}},
        {rig_guest_64, "HOST_EFER", "reserved", {ON(HOST_EFER, EFER_SVME)}},
        {rig_guest_64, "HOST_EFER", "LMA", {OFF(HOST_EFER, EFER_LMA)}},
        {rig_guest_64, "HOST_EFER", "LME", {OFF(HOST_EFER, EFER_LME)}},
        {rig_guest_64, "HOST_FS", "RPL", {IS(HOST_FS, 4)}},
        {rig_guest_64, "HOST_SS", "RPL", {IS(HOST_SS, 3)}},
        {rig_guest_64, "HOST_CS", "not be 0", {IS(HOST_CS, 0)}},
        {rig_guest_64, "HOST_TR", "not be 0", {IS(HOST_TR, 0)}},
        {rig_guest_64, "HOST_GS_BASE", "canonical", {IS(HOST_GS_BASE, BIT(50))}},
        {rig_guest_64, "HOST_IDTR_BASE", "canonical", {IS(HOST_IDTR_BASE, 0x7fff800000000000)}},
        {rig_guest_64, "HOST_RIP", "canonical", {IS(HOST_RIP, BIT(47))}},
        {rig_guest_64, "EXIT_CONTROLS", "64-bit host", {OFF(EXIT_CONTROLS, VMX_EXIT_HOST_64)}},
    };

    (void)state;
    RUN(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_entry_accepts),
        cmocka_unit_test(fields_that_are_not_there),
        cmocka_unit_test(controls),
        cmocka_unit_test(controls_not_allowed),
        cmocka_unit_test(operands_of_controls),
        cmocka_unit_test(apic),
        cmocka_unit_test(posted_interrupts),
        cmocka_unit_test(injected_events),
        cmocka_unit_test(host_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
