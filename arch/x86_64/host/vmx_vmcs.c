/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_vmcs.c: a vCPU's state on its way into the VMCS and out of it (SDM vol. 3, 25).
 *
 * The VMCS is active on a CPU only while the vCPU is loaded there; a load fills it in whole. What every exit needs is
 * read after each; the rest stays in the VMCS until somebody asks.
 */
#include "vmx_vcpu.h"
#include "vmx_insn.h"
#include "desc.h"
#include "port.h"
#include "seg.h"
#include "smp.h"
#include "trap.h"

/* Guests set these in CR0 as they like, and read them so; in truth NE is 1, and caches are not ours to switch off. */
#define CR0_HIDDEN (CR0_NE | CR0_NW | CR0_CD)

u64 vmx_read(u64 field)
{
    u64 value;

    check(vmread_field(field, &value), "a VMCS is current, and has every field that is read");
    return value;
}

void vmx_write(u64 field, u64 value)
{
    check(vmwrite_field(field, value), "a VMCS is current, and has every field that is written");
}

/* The fields of struct vmx_rest, in its order. */
#define SEGMENT(n)                                                                        \
    VMCS_GUEST_ES + 2 * (n), VMCS_GUEST_ES_BASE + 2 * (n), VMCS_GUEST_ES_LIMIT + 2 * (n), \
        VMCS_GUEST_ES_ACCESS + 2 * (n)
static const u16 rest_field[] = {
    SEGMENT(0),
    SEGMENT(1),
    SEGMENT(2),
    SEGMENT(3),
    SEGMENT(4),
    SEGMENT(5),
    SEGMENT(6),
    SEGMENT(7),
    VMCS_GUEST_GDTR_BASE,
    VMCS_GUEST_GDTR_LIMIT,
    VMCS_GUEST_IDTR_BASE,
    VMCS_GUEST_IDTR_LIMIT,
    VMCS_GUEST_CR3,
    VMCS_GUEST_CR4,
    VMCS_GUEST_DR7,
    VMCS_GUEST_DEBUGCTL,
    VMCS_GUEST_DEBUG,
    VMCS_GUEST_PAT,
    VMCS_GUEST_SYSENTER_CS,
    VMCS_GUEST_SYSENTER_ESP,
    VMCS_GUEST_SYSENTER_EIP,
    VMCS_GUEST_PDPTE_0,
    VMCS_GUEST_PDPTE_0 + 2,
    VMCS_GUEST_PDPTE_0 + 4,
    VMCS_GUEST_PDPTE_0 + 6,
};
_Static_assert(sizeof(struct vmx_rest) == ARRAY_SIZE(rest_field) * sizeof(u64), "a field for each member");

/* Bits of CR4 that the guest may not change by itself: those it cannot have, and VMXE. */
static u64 cr4_hidden(void)
{
    return ~vmx.cr4_may | vmx.cr4_must;
}

struct vmx_rest *vmx_rest(struct vmx_vcpu *x)
{
    u64 *to = (u64 *)&x->rest;

    if (!x->rest_here) {
        for (unsigned i = 0; i < ARRAY_SIZE(rest_field); i++)
            to[i] = vmx_read(rest_field[i]);
        x->rest.cr4 &= ~cr4_hidden();
        x->rest_here = true;
    }
    return &x->rest;
}

static void rest_enter(struct vmx_vcpu *x)
{
    const u64 *from = (const u64 *)&x->rest;

    for (unsigned i = 0; i < ARRAY_SIZE(rest_field); i++)
        vmx_write(rest_field[i], from[i]);
    vmx_write(VMCS_GUEST_CR4, (x->rest.cr4 & ~cr4_hidden()) | (vmx.cr4_must & CR4_VMXE));
    vmx_write(VMCS_CR4_SHADOW, x->rest.cr4 & ~cr4_hidden());
    x->rest_here = false;
}

static void host_state(void)
{
    struct cpu *c = this_cpu();

    vmx_write(VMCS_HOST_CR0, read_cr0());
    vmx_write(VMCS_HOST_CR3, read_cr3());
    vmx_write(VMCS_HOST_CR4, read_cr4());
    vmx_write(VMCS_HOST_ES, 0);
    vmx_write(VMCS_HOST_CS, SEG_CODE64);
    vmx_write(VMCS_HOST_SS, SEG_DATA);
    vmx_write(VMCS_HOST_DS, 0);
    vmx_write(VMCS_HOST_FS, 0);
    vmx_write(VMCS_HOST_GS, 0);
    vmx_write(VMCS_HOST_TR, SEG_TSS);
    vmx_write(VMCS_HOST_FS_BASE, 0);
    vmx_write(VMCS_HOST_GS_BASE, (uintptr_t)c);
    vmx_write(VMCS_HOST_TR_BASE, (uintptr_t)&c->tss);
    vmx_write(VMCS_HOST_GDTR_BASE, (uintptr_t)c->gdt);
    vmx_write(VMCS_HOST_IDTR_BASE, trap_idt());
    vmx_write(VMCS_HOST_SYSENTER_CS, 0);
    vmx_write(VMCS_HOST_SYSENTER_ESP, 0);
    vmx_write(VMCS_HOST_SYSENTER_EIP, 0);
    vmx_write(VMCS_HOST_PAT, rdmsr(MSR_PAT));
    vmx_write(VMCS_HOST_EFER, rdmsr(MSR_EFER));
    vmx_write(VMCS_HOST_RIP, (uintptr_t)vmx_exited);
}

/* Controls as asked for, with those that must be set. */
static u32 with(const struct vmx_allowed *a, u64 wanted)
{
    check(!(wanted & ~(u64)a->may), "only controls that this CPU has are set");
    return (u32)wanted | a->must;
}

static void constant_controls(struct vmx_vcpu *x)
{
    vmx_write(VMCS_EXIT_CONTROLS,
              with(&vmx.exit, VMX_EXIT_SAVE_DEBUG | VMX_EXIT_HOST_64 | VMX_EXIT_SAVE_PAT | VMX_EXIT_LOAD_PAT |
                                  VMX_EXIT_SAVE_EFER | VMX_EXIT_LOAD_EFER));
    vmx_write(VMCS_EXCEPTIONS, BIT(VEC_DB) | BIT(VEC_AC) | BIT(VEC_MC));
    vmx_write(VMCS_PF_MASK, 0);
    vmx_write(VMCS_PF_MATCH, 0);
    vmx_write(VMCS_CR3_TARGETS, 0);
    vmx_write(VMCS_EXIT_MSR_STORES, 0);
    vmx_write(VMCS_EXIT_MSR_LOADS, 0);
    vmx_write(VMCS_ENTRY_MSR_LOADS, 0);
    vmx_write(VMCS_ENTRY_EVENT, 0);
    vmx_write(VMCS_CR0_MASK, CR0_HIDDEN);
    vmx_write(VMCS_CR4_MASK, cr4_hidden());
    vmx_write(VMCS_LINK, ~0ull);
    vmx_write(VMCS_GUEST_ACTIVITY, 0);
    vmx_write(VMCS_TSC_OFFSET, x->tsc_offset);
    vmx_write(VMCS_EPTP, x->eptp);
    if (vmx.vpid)
        vmx_write(VMCS_VPID, x->vpid);
    for (unsigned i = 0; i < 4 && vmx.virtual_intr; i++)
        vmx_write(VMCS_EOI_EXIT_0 + 2 * i, 0);
    if (vmx.timer)
        vmx_write(VMCS_PREEMPTION_TIMER, VMX_DEAF_TSC >> vmx.timer_rate);
}

void vmx_vmcs_load(struct vmx_vcpu *x)
{
    check(vmptrld(x->vmcs), "the VMCS of a vCPU carries this CPU's revision");
    x->loaded = true;
    x->launched = false;
    host_state();
    constant_controls(x);
    vmx_log_load(x);
    x->pin_set = x->proc_set = x->proc2_set = x->entry_set = 0; /* none is 0 */
}

void vmx_vmcs_put(struct vmx_vcpu *x)
{
    (void)vmx_rest(x);
    check(vmclear(x->vmcs), "the VMCS of a vCPU is a page of memory");
    x->loaded = false;
}

static void control_enter(u64 field, const struct vmx_allowed *a, u32 wanted, u32 *set)
{
    u32 value = with(a, wanted);

    if (value != *set)
        vmx_write(field, value);
    *set = value;
}

/*
 * While RFLAGS.IF = 0 the preemption timer runs: Bochs then tells of no host interrupt that was pending at the entry or
 * comes later, until the guest changes IF (docs/emulators.md).
 */
static void controls_enter(struct vmx_vcpu *x)
{
    u32 pin = x->pin | (vmx.timer && !(x->rflags & RFLAGS_IF) ? VMX_PIN_TIMER : 0);
    u32 entry = x->entry | (x->efer & EFER_LMA ? VMX_ENTRY_IA32E : 0);

    control_enter(VMCS_PIN_CONTROLS, &vmx.pin, pin, &x->pin_set);
    control_enter(VMCS_PROC_CONTROLS, &vmx.proc, x->proc, &x->proc_set);
    control_enter(VMCS_PROC2_CONTROLS, &vmx.proc2, x->proc2, &x->proc2_set);
    control_enter(VMCS_ENTRY_CONTROLS, &vmx.entry, entry, &x->entry_set);
}

/* Real mode delivers no error codes, and an entry that is to deliver one fails (SDM vol. 3, 27.2.1.3). */
static void event_enter(struct vmx_vcpu *x)
{
    u32 info = x->event.info;

    if (!(info & VMX_EVENT_VALID))
        return;
    if (!(x->cr0 & CR0_PE))
        info &= ~(u32)VMX_EVENT_HAS_ERROR;
    vmx_write(VMCS_ENTRY_EVENT, info);
    vmx_write(VMCS_ENTRY_EVENT_ERROR, x->event.error);
}

void vmx_vmcs_enter(struct vmx_vcpu *x)
{
    if (x->rest_here)
        rest_enter(x);
    controls_enter(x);
    event_enter(x);
    vmx_write(VMCS_GUEST_RIP, x->rip);
    vmx_write(VMCS_GUEST_RSP, x->gpr[RSP]);
    vmx_write(VMCS_GUEST_RFLAGS, x->rflags);
    vmx_write(VMCS_GUEST_INTERRUPTIBLE, x->interruptible);
    vmx_write(VMCS_GUEST_EFER, x->efer);
    vmx_write(VMCS_GUEST_CR0, (x->cr0 & ~(u64)CR0_HIDDEN) | CR0_NE);
    vmx_write(VMCS_CR0_SHADOW, x->cr0);
    write_cr2(x->cr2);
}

void vmx_vmcs_exited(struct vmx_vcpu *x)
{
    x->cr2 = read_cr2();
    x->launched = true;
    x->event.info = 0;
    x->rip = vmx_read(VMCS_GUEST_RIP);
    x->gpr[RSP] = vmx_read(VMCS_GUEST_RSP);
    x->rflags = vmx_read(VMCS_GUEST_RFLAGS);
    x->interruptible = vmx_read(VMCS_GUEST_INTERRUPTIBLE);
    x->efer = vmx_read(VMCS_GUEST_EFER);
    x->entry_set = (u32)vmx_read(VMCS_ENTRY_CONTROLS); /* an exit itself writes IA-32e mode there (28.3.1) */
    x->cr0 = (x->cr0 & CR0_HIDDEN) | (vmx_read(VMCS_GUEST_CR0) & ~(u64)CR0_HIDDEN);
    x->cs_access = vmx_read(VMCS_GUEST_CS_ACCESS);
    x->ss_access = vmx_read(VMCS_GUEST_SS_ACCESS);
    x->reason = (u32)vmx_read(VMCS_EXIT_REASON);
    x->qualification = vmx_read(VMCS_QUALIFICATION);
    x->length = (u32)vmx_read(VMCS_EXIT_LENGTH);
}
