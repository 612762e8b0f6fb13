/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_rig.h: for the tests of vmx_check*.c: VMCS images that VM entry accepts, and tables of ways to break them. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../arch/x86_64/host/vmx_check.h"
#include "../../arch/x86_64/host/vmx_cpu.h"
#include "../../arch/x86_64/host/vmx_check.c"
#include "../../arch/x86_64/host/vmx_check_controls.c"
#include "../../arch/x86_64/host/vmx_check_host.c"
#include "../../arch/x86_64/host/vmx_check_guest.c"
#include "../../arch/x86_64/host/vmx_check_segments.c"
#include "../../arch/x86_64/host/vmx_check_activity.c"
#include "../../arch/x86_64/host/vmx_field.c"
#include "cpu.h"
#include "msr.h"

#define RIG_FIELDS   0x8000
#define RIG_PAT      0x0007040600070406ull
#define RIG_CODE64   0xa09bu
#define RIG_CODE32   0xc09bu
#define RIG_DATA     0xc093u
#define RIG_REAL     0x93u
#define RIG_TSS      0x8bu
#define RIG_LDT      0x82u
#define RIG_UNUSABLE 0x10000u
/* Controls that must be on in an old processor. */
#define RIG_PIN   0x16u
#define RIG_PROC  0x0401e172u
#define RIG_EXIT  0x00036dffu
#define RIG_ENTRY 0x11ffu

static struct {
    u64 value[RIG_FIELDS];
    bool there[RIG_FIELDS]; /* a field that is not must not be read */
    struct vmx_features features;
    struct vmx_checklist list;
    char said[4000];
    size_t length;
} rig;

static inline void rig_set(u64 field, u64 value)
{
    assert_true(field < RIG_FIELDS);
    rig.value[field] = value;
    rig.there[field] = true;
}

static inline u64 rig_get(u64 field)
{
    assert_true(field < RIG_FIELDS);
    if (!rig.there[field])
        fail_msg("field %#llx does not exist, and is read", (unsigned long long)field);
    return rig.value[field];
}

static inline void rig_wrong(const char *field, u64 value, const char *rule, const char *section)
{
    rig.length += (size_t)snprintf(rig.said + rig.length, sizeof(rig.said) - rig.length,
                                   "%s = %llx %s (%s)\n", field, (unsigned long long)value, rule, section);
    assert_true(rig.length < sizeof(rig.said));
}

static inline unsigned rig_check(void)
{
    rig.length = 0;
    rig.said[0] = 0;
    return vmx_check(&rig.list);
}

/* The n-th of ES, CS, SS, DS, FS, GS, LDTR, TR. */
static inline void rig_seg(unsigned n, u64 selector, u64 base, u64 limit, u64 access)
{
    rig_set(VMCS_GUEST_ES + 2 * n, selector);
    rig_set(VMCS_GUEST_ES_BASE + 2 * n, base);
    rig_set(VMCS_GUEST_ES_LIMIT + 2 * n, limit);
    rig_set(VMCS_GUEST_ES_ACCESS + 2 * n, access);
}

static inline void rig_controls(void)
{
    rig_set(VMCS_PIN_CONTROLS, RIG_PIN | VMX_PIN_INTR | VMX_PIN_NMI | VMX_PIN_VIRTUAL_NMI | VMX_PIN_TIMER);
    rig_set(VMCS_PROC_CONTROLS,
            RIG_PROC | VMX_PROC_HLT | VMX_PROC_TPR_SHADOW | VMX_PROC_MSR_BITMAP | VMX_PROC_SECONDARY);
    rig_set(VMCS_PROC2_CONTROLS,
            VMX_PROC2_APIC_ACCESS | VMX_PROC2_EPT | VMX_PROC2_VPID | VMX_PROC2_UNRESTRICTED);
    rig_set(VMCS_EXIT_CONTROLS, RIG_EXIT | VMX_EXIT_HOST_64 | VMX_EXIT_ACK | VMX_EXIT_SAVE_PAT |
                                    VMX_EXIT_LOAD_PAT | VMX_EXIT_SAVE_EFER | VMX_EXIT_LOAD_EFER);
    rig_set(VMCS_ENTRY_CONTROLS, RIG_ENTRY | VMX_ENTRY_IA32E | VMX_ENTRY_LOAD_PAT | VMX_ENTRY_LOAD_EFER);
    rig_set(VMCS_CR3_TARGETS, 0);
    rig_set(VMCS_EXIT_MSR_STORES, 0);
    rig_set(VMCS_EXIT_MSR_LOADS, 0);
    rig_set(VMCS_ENTRY_MSR_LOADS, 0);
    rig_set(VMCS_ENTRY_EVENT, 0);
    rig_set(VMCS_MSR_BITMAP, 0x1000);
    rig_set(VMCS_VIRT_APIC_ADDR, 0x2000);
    rig_set(VMCS_APIC_ACCESS_ADDR, 0x3000);
    rig_set(VMCS_TPR_THRESHOLD, 0);
    rig_set(VMCS_VPID, 1);
    rig_set(VMCS_EPTP, 0x4000 | VMX_EPTP_WB | VMX_EPTP_WALK_4 | VMX_EPTP_AD);
}

static inline void rig_host(void)
{
    static const u16 zero[] = {VMCS_HOST_ES,      VMCS_HOST_SS,       VMCS_HOST_DS,
                               VMCS_HOST_FS,      VMCS_HOST_GS,       VMCS_HOST_SYSENTER_ESP,
                               VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE,  VMCS_HOST_SYSENTER_EIP,
                               VMCS_HOST_TR_BASE, VMCS_HOST_GDTR_BASE};

    for (unsigned i = 0; i < ARRAY_SIZE(zero); i++)
        rig_set(zero[i], 0);
    rig_set(VMCS_HOST_CS, 8);
    rig_set(VMCS_HOST_TR, 0x18);
    rig_set(VMCS_HOST_CR0, CR0_PG | CR0_WP | CR0_NE | CR0_PE);
    rig_set(VMCS_HOST_CR3, 0x5000);
    rig_set(VMCS_HOST_CR4, CR4_PAE | CR4_VMXE);
    rig_set(VMCS_HOST_PAT, RIG_PAT);
    rig_set(VMCS_HOST_EFER, EFER_LMA | EFER_LME | EFER_NXE);
    rig_set(VMCS_HOST_IDTR_BASE, 0xffff800000000000);
    rig_set(VMCS_HOST_RIP, 0x100000);
}

/* A guest in 64-bit code, at privilege level 0. */
static inline void rig_guest_64(void)
{
    static const u16 zero[] = {VMCS_GUEST_SYSENTER_ESP, VMCS_GUEST_SYSENTER_EIP,  VMCS_GUEST_GDTR_BASE,
                               VMCS_GUEST_IDTR_BASE,    VMCS_GUEST_INTERRUPTIBLE, VMCS_GUEST_ACTIVITY,
                               VMCS_GUEST_DEBUG,        VMCS_GUEST_DEBUGCTL};

    for (unsigned i = 0; i < ARRAY_SIZE(zero); i++)
        rig_set(zero[i], 0);
    for (unsigned n = 0; n < 6; n++)
        rig_seg(n, n == 1 ? 8 : 0x10, 0, 0xffffffff, n == 1 ? RIG_CODE64 : RIG_DATA);
    rig_seg(6, 0, 0, 0, RIG_UNUSABLE);
    rig_seg(7, 0x18, 0, 0x67, RIG_TSS);
    rig_set(VMCS_GUEST_CR0, CR0_PG | CR0_NE | CR0_PE);
    rig_set(VMCS_GUEST_CR3, 0x6000);
    rig_set(VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE);
    rig_set(VMCS_GUEST_EFER, EFER_LMA | EFER_LME | EFER_SCE);
    rig_set(VMCS_GUEST_PAT, RIG_PAT);
    rig_set(VMCS_GUEST_GDTR_LIMIT, 0xffff);
    rig_set(VMCS_GUEST_IDTR_LIMIT, 0xffff);
    rig_set(VMCS_GUEST_RIP, 0x200000);
    rig_set(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
    rig_set(VMCS_GUEST_DR7, 0x400);
    rig_set(VMCS_LINK, ~0ull);
}

/* After PVH start: 32-bit, paging off. */
static inline void rig_guest_pvh(void)
{
    rig_guest_64();
    rig_seg(1, 8, 0, 0xffffffff, RIG_CODE32);
    rig_set(VMCS_ENTRY_CONTROLS, rig_get(VMCS_ENTRY_CONTROLS) & ~VMX_ENTRY_IA32E);
    rig_set(VMCS_GUEST_CR0, CR0_NE | CR0_PE);
    rig_set(VMCS_GUEST_CR4, CR4_VMXE);
    rig_set(VMCS_GUEST_EFER, 0);
}

/* After INIT: real mode at its first instruction. */
static inline void rig_guest_real(void)
{
    rig_guest_pvh();
    for (unsigned n = 0; n < 6; n++)
        rig_seg(n, 0, 0, 0xffff, RIG_REAL);
    rig_seg(1, 0xf000, 0xffff0000, 0xffff, RIG_REAL);
    rig_seg(6, 0, 0, 0xffff, RIG_LDT);
    rig_seg(7, 0, 0, 0xffff, RIG_TSS);
    rig_set(VMCS_GUEST_CR0, CR0_NE);
    rig_set(VMCS_GUEST_RIP, 0xfff0);
}

/* Virtual-8086 mode. */
static inline void rig_guest_v8086(void)
{
    rig_guest_pvh();
    for (unsigned n = 0; n < 6; n++)
        rig_seg(n, 0x1000 + n, (0x1000 + n) << 4, 0xffff, 0xf3);
    rig_set(VMCS_GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_VM);
}

/* 32-bit code with PAE paging. */
static inline void rig_guest_pae(void)
{
    rig_guest_pvh();
    rig_set(VMCS_GUEST_CR0, CR0_PG | CR0_NE | CR0_PE);
    rig_set(VMCS_GUEST_CR4, CR4_PAE | CR4_VMXE);
    for (unsigned i = 0; i < 4; i++)
        rig_set(VMCS_GUEST_PDPTE_0 + 2 * i, 0x7001 + 0x1000 * i);
}

static inline void rig_machine(void)
{
    memset(&rig, 0, sizeof(rig));
    rig.features = (struct vmx_features){
        .pin = {RIG_PIN, 0xff},
        .proc = {RIG_PROC, 0xf7f9fffe},
        .proc2 = {0, 0xffffffff},
        .exit = {RIG_EXIT, 0x7fffff},
        .entry = {RIG_ENTRY, 0x1ffff},
        .cr0_must = CR0_PG | CR0_NE | CR0_PE,
        .cr0_may = 0xffffffff,
        .cr4_must = CR4_VMXE,
        .cr4_may = CR4_VMXE | CR4_PAE | CR4_PCIDE | CR4_CET,
        .ept_vpid = VMX_EPT_WALK_4 | VMX_EPT_MEMORY_WB | VMX_EPT_AD,
    };
    rig.list = (struct vmx_checklist){&rig.features, 40, 48, 0x50, rig_get, rig_wrong};
    rig_controls();
    rig_host();
}

#define RIG_CHANGES 5

/* A change of one field: bits to clear, then to set. All 0: none. */
struct change {
    u64 field, clear, set;
};
/* clang-format off */
#define IS(field, value) {VMCS_##field, ~0ull, value}
#define ON(field, bits)  {VMCS_##field, 0, bits}
#define OFF(field, bits) {VMCS_##field, bits, 0}
/* clang-format on */
#define EVENT(type, vector) IS(ENTRY_EVENT, VMX_EVENT_VALID | (type) | (vector))
#define IF_ON               ON(GUEST_RFLAGS, RFLAGS_IF)

struct broken {
    void (*guest)(void);
    const char *field; /* what is found wrong, and a piece of the rule; NULL: nothing is */
    const char *rule;
    struct change change[RIG_CHANGES];
};

static inline void rig_change(const struct change *c)
{
    if (c->field || c->clear || c->set)
        rig_set(c->field, (rig.there[c->field] ? rig.value[c->field] & ~c->clear : 0) | c->set);
}

/* Just that is found wrong. */
static inline bool rig_finds(const struct broken *b)
{
    char want[80];
    unsigned n = rig_check();

    if (!b->field)
        return n == 0;
    snprintf(want, sizeof(want), "%s = ", b->field);
    return n == 1 && !strncmp(rig.said, want, strlen(want)) && strstr(rig.said, b->rule);
}

static inline void rig_run(const struct broken *table, size_t n)
{
    for (const struct broken *b = table; b < table + n; b++) {
        rig_machine();
        b->guest();
        for (unsigned i = 0; i < RIG_CHANGES; i++)
            rig_change(&b->change[i]);
        if (!rig_finds(b))
            fail_msg("row %zu: expected %s %s, found:\n%s", (size_t)(b - table),
                     b->field ? b->field : "nothing", b->field ? b->rule : "", rig.said);
    }
}
#define RUN(table) rig_run(table, ARRAY_SIZE(table))
