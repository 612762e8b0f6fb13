/* SPDX-License-Identifier: BSD-2-Clause */
/* exit.c: who handles which exit, and what becomes of the instruction. */
#include "exit.h"
#include "vm.h"
#include "hw.h"
#include "fault.h"
#include "pv.h"
#include "retry.h"
#include "lib/fmt.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "abi/platform.h"
#include "port.h"

#define PV_CPUID_LEAVES 0x200u /* 0x40000000 … 0x400001ff */
#define UART_PORTS      8

static enum outcome do_cpuid(struct vcpu *v, struct exit *e)
{
    if (e->cpuid.leaf - KVM_CPUID_BASE < PV_CPUID_LEAVES)
        pv_cpuid(v, e);
    else
        hw_cpuid(v, e);
    return OUTCOME_DONE;
}

/* Interrupts end by one: it is worth its place where exits are told apart. */
static always_inline enum outcome do_msr(struct vcpu *v, struct exit *e)
{
    u32 i = e->msr.index;

    if (i - X2APIC_MSR_FIRST <= X2APIC_MSR_LAST - X2APIC_MSR_FIRST || i == APIC_BASE_MSR ||
        i == TSC_DEADLINE_MSR)
        return lapic_msr(v, e);
    if (i - PV_MSR_FIRST <= PV_MSR_LAST - PV_MSR_FIRST || i == PV_MSR_WALL_CLOCK_OLD ||
        i == PV_MSR_SYSTEM_TIME_OLD)
        return pv_msr(v, e);
    return hw_msr(v, e);
}

static off_path enum outcome do_rare_io(struct vcpu *v, struct exit *e)
{
    if (v->vm->hook && e->io.port >= HOOK_PORT_ID && e->io.port < HOOK_PORT_END)
        return hook_io(v, e);
    if (!e->io.write)
        e->io.value = ~0u; /* nobody drives the bus */
    else if (e->io.port == PLATFORM_EXIT_PORT)
        vm_exit(v->vm, e->io.value);
    return OUTCOME_DONE;
}

static enum outcome do_io(struct vcpu *v, struct exit *e)
{
    if (e->io.port - PLATFORM_UART_PORT >= UART_PORTS || e->io.port < PLATFORM_UART_PORT)
        return do_rare_io(v, e);
    uart_io(v->vm, e->io.port - PLATFORM_UART_PORT, e);
    return OUTCOME_DONE;
}

/*
 * HLT is committed first, so that whatever ends it finds the vCPU behind it: events that are there already, and a ready
 * event that can be delivered at this boundary (A0-15).
 */
static void do_hlt(struct vcpu *v, struct exit *e)
{
    hw_complete(v, e);
    vcpu_set_state(v, VCPU_HALTED);
    apf_deliver(v);
    vcpu_events(v);
}

static void finish(struct vcpu *v, struct exit *e, enum outcome o)
{
    switch (o) {
    case OUTCOME_DONE:
        hw_complete(v, e);
        return;
    case OUTCOME_AGAIN:
        return;
    case OUTCOME_YIELD:
        hw_complete(v, e);
        e->kind = EXIT_SPIN;
        return;
    case OUTCOME_GP:
        hw_inject_gp(v);
        return;
    case OUTCOME_UD:
        hw_inject_ud(v);
        return;
    }
}

/* "unknown … (…): 0f 0b": of what the CPU or we cannot do. */
static off_path void do_bad(struct vcpu *v, const struct exit *e)
{
    char insn[3 * INSN_BYTES_MAX + 2] = "";
    size_t at = 0;

    for (unsigned i = 0; i < MIN(e->bad.insns, INSN_BYTES_MAX); i++)
        at += fmt_sn(insn + at, sizeof(insn) - at, "%s %02x", i ? "" : ":", e->bad.insn[i]);
    vm_kill(v->vm, v, VM_STATUS_GUEST_BUG, "%s (exit 0x%lx, info 0x%lx 0x%lx)%s", e->bad.why, e->bad.code,
            e->bad.info1, e->bad.info2, insn);
}

off_path void exit_decoded(struct vcpu *v, struct exit *e)
{
    if (e->kind == EXIT_BAD) {
        do_bad(v, e);
        return;
    }
    lapic_mmio(v, e);
    hw_complete(v, e);
}

static off_path void bad_entry(struct vcpu *v, gpa_t gpa)
{
    tdp_report(&v->vm->tdp, v->root, gpa_gfn(gpa));
    check(false, "C2: hardware knows every entry that it meets");
}

void exit_handle(struct vcpu *v, struct exit *e)
{
    stat_add(v->vm, exits, 1);
    /* The guest has gone on, so a fault that was turned away is over: another vCPU may have mapped its page (B4-7). */
    if (e->kind != EXIT_TDP && e->kind != EXIT_INTR && e->kind != EXIT_WINDOW)
        retry_end(v);
    switch (e->kind) {
    case EXIT_INTR:
        return;
    case EXIT_WINDOW:
        apf_deliver(v);
        return;
    case EXIT_TDP:
        fault_handle(v, e->tdp.gpa, e->tdp.access);
        return;
    case EXIT_TDP_BAD:
        bad_entry(v, e->tdp.gpa);
        return;
    case EXIT_CPUID:
        finish(v, e, do_cpuid(v, e));
        return;
    case EXIT_MSR:
        finish(v, e, do_msr(v, e));
        return;
    case EXIT_IO:
        finish(v, e, do_io(v, e));
        return;
    case EXIT_SPIN:
        hw_complete(v, e);
        return;
    case EXIT_HLT:
        do_hlt(v, e);
        return;
    case EXIT_HYPERCALL:
        finish(v, e, pv_hypercall(v, e));
        return;
    case EXIT_SHUTDOWN:
        vm_kill(v->vm, v, VM_STATUS_GUEST_BUG, "triple fault");
        return;
    case EXIT_UNDEF:
        hw_inject_ud(v);
        return;
    case EXIT_LOST:
        vm_kill(v->vm, v, VM_STATUS_MACHINE, "the machine lost the state of the guest");
        return;
    case EXIT_MMIO:
    case EXIT_BAD:
        exit_decoded(v, e);
        return;
    }
}
