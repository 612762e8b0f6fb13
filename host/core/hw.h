/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hw.h: everything the core asks of the CPU's virtualisation extension, for one vCPU.
 *
 * Implemented by arch/<a>/host (hw.c) and, for tests, by scripted fakes. All calls are made by the CPU that owns the
 * vCPU, outside guest mode. One event (exception, NMI or interrupt) can wait for the next entry; hw_event_pending()
 * tells whether one does, be it newly injected or left over from an exit during its delivery.
 */
#pragma once
#include "exit.h"

struct vcpu;
struct tdp_ops;

/* Make the hardware state of a vCPU, with the CPU in its power-on state. False: no memory. */
bool hw_vcpu_init(struct vcpu *v) must_check;
void hw_vcpu_free(struct vcpu *v);

/* PVH start: 32-bit protected mode, flat segments, paging off, EIP = entry, EBX = start information. */
void hw_start_pvh(struct vcpu *v, u32 entry, u32 start_info);
/* INIT: registers of the manual's INIT column (APM vol. 2, 14.1.3). */
void hw_init(struct vcpu *v);
/* SIPI: real mode at vector << 12. */
void hw_start_sipi(struct vcpu *v, u8 vector);

/* The vCPU becomes the one that runs on this CPU (its FPU state is loaded), or stops being it. */
void hw_load(struct vcpu *v);
void hw_put(struct vcpu *v);

/*
 * Run the guest until it exits. The flush asked for by hw_flush() is done at this entry. Takes no lock and touches no
 * guest memory: until req_back() another CPU may wait for us with the mapping lock held (B7-22).
 */
void hw_run(struct vcpu *v, struct exit *e);
/* After req_back(): finish what an exit needs guest memory for. Always before the next call for this vCPU. */
void hw_settle(struct vcpu *v, struct exit *e);
/* Commit an exit: results into registers, RIP behind the instruction. Not for EXIT_TDP, EXIT_INTR, EXIT_WINDOW. */
void hw_complete(struct vcpu *v, const struct exit *e);
/*
 * `e` is a fault (EXIT_TDP) at the page where the local APIC has its registers: decode the instruction that made it.
 * In EXIT_MMIO a write has its value; hw_complete() gives a read's to the instruction.
 */
enum mmio {
    MMIO_DECODED, /* *e is EXIT_MMIO now */
    MMIO_AGAIN,   /* the code is not in memory any more: run it again */
    MMIO_UNKNOWN, /* *e is EXIT_BAD now, with the bytes: not an instruction, or one that is not decoded */
};
enum mmio hw_mmio(struct vcpu *v, struct exit *e) must_check;
/*
 * Nothing will come of this exit, whatever its kind: the instruction is executed again. What could not come in before
 * it still cannot; an interrupt between STI and HLT would be the one that the HLT is for.
 */
void hw_again(struct vcpu *v);

/* Queue an event for the next entry; none may be pending. hw_inject_pf sets CR2 as the hardware would. */
void hw_inject_pf(struct vcpu *v, u32 error, u64 cr2);
void hw_inject_gp(struct vcpu *v);
void hw_inject_ud(struct vcpu *v);
void hw_inject_nmi(struct vcpu *v);
void hw_inject_irq(struct vcpu *v, u8 vector);
bool hw_event_pending(const struct vcpu *v);

/* Interrupts are recognised at this instruction boundary: IF = 1, no STI or MOV SS shadow, GIF = 1. */
bool hw_intr_open(const struct vcpu *v);
/* RFLAGS.IF alone: decides whether an interrupt ends a HLT. */
bool hw_if(const struct vcpu *v);
/* NMIs are not blocked by an earlier NMI whose IRET is outstanding. */
bool hw_nmi_open(const struct vcpu *v);
/* Ask for EXIT_WINDOW as soon as hw_intr_open() and the task priority admits `vector`; or no longer. */
void hw_irq_window(struct vcpu *v, u8 vector);
void hw_irq_window_off(struct vcpu *v);

/* Exit when the guest seems to wait for another vCPU in a loop: worth it only if that one waits for this CPU. */
void hw_exit_on_spin(struct vcpu *v, bool on);

unsigned hw_cpl(const struct vcpu *v);
bool hw_paging(const struct vcpu *v); /* CR0.PG */
/*
 * The task priority as of the last exit: CR8 << 4. Hardware that has all of the register, and lets the guest write it
 * without an exit, also writes lapic.tpr after each.
 */
u8 hw_tpr(const struct vcpu *v);
void hw_set_tpr(struct vcpu *v, u8 tpr);

/* The entry format that this machine walks. */
const struct tdp_ops *hw_tdp(void);
/* Has this CPU the fault for whose sake huge leaves must not be executable (nx.h)? */
bool hw_nx_needed(void);
/* Root of the TDP tables, and: drop all translations of this vCPU at the next entry. */
void hw_set_root(struct vcpu *v, hpa_t root);
void hw_flush(struct vcpu *v);

/*
 * Hardware can keep a list of the pages whose entries it marks as dirty. From the next entry on it does, or does not:
 * each hw_run() then tells what was marked in it by dirty_logged() (dirty.h), before it returns.
 */
bool hw_has_log(void);
void hw_log_writes(struct vcpu *v, bool on);

/* May guests' local APICs be virtualised as below on this machine? Then a VM has a page for that. */
bool hw_may_virt_apic(void);
/*
 * The local APIC's registers are virtualised by the address of the frame behind them ("virtualise APIC accesses"), in
 * the mode and at the place that the vCPU's APIC has now; and that address, for the next entry. Called with the mapping
 * lock held.
 */
bool hw_virt_apic(const struct vcpu *v);
void hw_apic_page(struct vcpu *v, hpa_t at);
/* The hardware delivers requested interrupts by itself, from what lapic_lend() gives it. */
bool hw_virt_intr(const struct vcpu *v);

/* Bits of a guest physical address, at most 52: memory, and what a guest may be told of it, lies below. */
unsigned hw_gpa_bits(void);

/* The architecture's own CPUID leaves as this VM sees them (everything outside 0x40000000-0x400001ff). */
void hw_cpuid(const struct vcpu *v, struct exit *e);
/* The architecture's own MSRs (EFER, PAT, …). OUTCOME_DONE or OUTCOME_GP. */
enum outcome hw_msr(struct vcpu *v, struct exit *e);

/*
 * All of a vCPU that runs nowhere (hw_put()), the event that waits for its next entry included, as plain bytes; they
 * mean something to this machine's kind only. hw_restore() takes what hw_restorable() has approved of.
 */
#define HW_STATE_BYTES 1536
void hw_save(const struct vcpu *v, void *to);
bool hw_restorable(const void *from) must_check;
void hw_restore(struct vcpu *v, const void *from);
/* The guest's time-stamp counter is port_tsc() + offset. 0 at first. */
void hw_set_tsc_offset(struct vcpu *v, u64 offset);

/* Print the register state for a report, one line each through con_host(). */
void hw_report(const struct vcpu *v);
