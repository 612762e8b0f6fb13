/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_vcpu.h: the hardware state of a vCPU under SVM, for the svm_*.c files. Offsets usable from assembly. */
#pragma once

/* Offsets in struct svm_gprs, for svm_run.S. */
#define GPR_RBX 0x00
#define GPR_RCX 0x08
#define GPR_RDX 0x10
#define GPR_RSI 0x18
#define GPR_RDI 0x20
#define GPR_RBP 0x28
#define GPR_R8  0x30
#define GPR_R9  0x38
#define GPR_R10 0x40
#define GPR_R11 0x48
#define GPR_R12 0x50
#define GPR_R13 0x58
#define GPR_R14 0x60
#define GPR_R15 0x68

#ifndef __ASSEMBLER__
#include "svm_cpu.h"
#include "cpu.h"
#include "backend.h"
#include "exit_regs.h"
#include "insn.h"
#include "msr.h"

/* What the VMCB does not hold; RAX and RSP are there. */
struct svm_gprs {
    u64 rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
};
_Static_assert(offsetof(struct svm_gprs, rdi) == GPR_RDI, "svm_run.S");
_Static_assert(offsetof(struct svm_gprs, r8) == GPR_R8, "svm_run.S");
_Static_assert(offsetof(struct svm_gprs, r15) == GPR_R15, "svm_run.S");

/* NMIs are blocked from delivery to the end of the IRET; the intercept tells of the IRET's beginning only. */
enum nmi_state {
    NMI_OPEN,
    NMI_IN_HANDLER,
    NMI_IN_IRET, /* at iret_rip; over once RIP is elsewhere */
};

struct hw_vcpu {
    struct vmcb vmcb; /* first: it must fill a page */
    u8 fpu[512] __attribute__((
        aligned(16))); /* FXSAVE image; the registers have the truth between svm_load() and svm_put() */
    u64 dr[4];         /* likewise */
    struct svm_gprs gpr;
    struct svm_cpu *cpu; /* where it is loaded */
    u64 vmcb_hpa;
    struct asid asid;
    bool flush;  /* drop translations at the next entry */
    u64 flushed; /* vcpu->flush_seen as of the last time that was done */
    u64 next_rip; /* behind the instruction that exited; set by svm_run() for exits that svm_complete() takes */
    struct insn insn; /* of EXIT_MMIO */
    u64 shadow_rip;   /* svm_shadow.c */
    u32 shadow_left;  /* likewise; 0 = not watching */
    enum nmi_state nmi;
    u64 iret_rip;
};

/* svm_run.S: load the guest, run it, store it. Before and after: IF = 0, GIF = 1. */
void svm_enter(struct svm_gprs *g, u64 vmcb_hpa, u64 host_state);
extern const char svm_exited[]; /* where the host goes on after an exit */

/* svm_probe.c: once, where svm_cpu_init() has been. */
bool svm_interrupt_ends_guest(void) must_check;

/* svm_exit.c: fill *e in from the VMCB. */
void svm_exit(struct hw_vcpu *hw, struct exit *e);
void svm_exit_bad(const struct hw_vcpu *hw, struct exit *e, const char *why);
/* svm.c: RIP behind the instruction that exited, with what that entails. */
void svm_step_over(struct hw_vcpu *hw);

/* svm_insn.c: up to n bytes of code at RIP = `rip`; returns how many could be read. And a general register. */
size_t svm_code(struct vcpu *v, u64 rip, u8 *to, size_t n);
u64 *svm_gpr(struct hw_vcpu *hw, unsigned number);

/* svm_mmio.c: what was read goes to the register. */
void svm_mmio_complete(struct hw_vcpu *hw, const struct exit *e);

/* svm_cr8.c: carry out a write to CR8, met while an interrupt window is asked for. False: an unknown form of it. */
bool svm_cr8_write(struct vcpu *v) must_check;

/* svm_event.c: after an exit during the delivery of an event, or with an NMI handler's IRET under way. */
void svm_event_return(struct hw_vcpu *hw);
/* svm_event.c: queue an exception for the next entry. */
void svm_event_exception(struct hw_vcpu *hw, u8 vector);
void svm_event_exception_error(struct hw_vcpu *hw, u8 vector, u32 error);
/* svm_event.c: the IRET that ends an NMI handler is about to execute. */
void svm_event_iret(struct hw_vcpu *hw);

/* svm_shadow.c: after each exit with a shadow, and while one is being watched. */
void svm_shadow_exit(struct vcpu *v);
/* The next instruction is in a shadow, be it the hardware or we who know it. */
static inline bool svm_shadow(const struct hw_vcpu *hw)
{
    return hw->vmcb.int_state & SVM_INT_SHADOW || (hw->shadow_left && hw->shadow_rip == hw->vmcb.rip);
}
static inline void svm_shadow_end(struct hw_vcpu *hw)
{
    hw->vmcb.int_state &= ~SVM_INT_SHADOW;
    hw->shadow_left = 0;
}

/* 64-bit code: neither compatibility nor legacy mode. */
static inline bool svm_long(const struct vmcb *c)
{
    return c->efer & EFER_LMA && c->cs.attr & SVM_SEG_ATTR_L;
}

static always_inline struct exit_regs svm_exit_regs(struct hw_vcpu *hw)
{
    struct svm_gprs *g = &hw->gpr;

    return (struct exit_regs){&hw->vmcb.rax, &g->rbx, &g->rcx, &g->rdx, &g->rsi, svm_long(&hw->vmcb)};
}

#endif
