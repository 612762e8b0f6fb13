/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_vcpu.h: the hardware state of a vCPU under VMX, for the vmx_*.c files. */
#pragma once

#define GPR_BYTES 8 /* general register n of a vCPU is at n times this, numbered as instructions do */

/* TSC ticks for which a vCPU that has interrupts off may keep host interrupts waiting (vmx_vmcs.c). */
#define VMX_DEAF_TSC 65536

#ifndef __ASSEMBLER__
#include "backend.h"
#include "cpu.h"
#include "exit_regs.h"
#include "insn.h"
#include "msr.h"
#include "vcpu.h"
#include "vmx_cpu.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, GPRS = 16 };
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEGS };

struct vmx_seg {
    u64 selector, base, limit, access;
};

struct vmx_table {
    u64 base, limit;
};

/*
 * What the host rarely looks at. The VMCS has it from an entry until somebody asks (vmx_rest()); then it is here, until
 * the next entry.
 */
struct vmx_rest {
    struct vmx_seg seg[SEGS];
    struct vmx_table gdtr, idtr;
    u64 cr3, cr4, dr7, debugctl, pending_debug, pat;
    u64 sysenter_cs, sysenter_esp, sysenter_eip;
    u64 pdpte[4];
};

/* MSRs that VMX does not exchange, and the host does not use: the guest's while it is loaded. */
enum { SWAP_STAR, SWAP_LSTAR, SWAP_CSTAR, SWAP_SFMASK, SWAP_KERNEL_GS, SWAPS };

struct vmx_event {
    u32 info; /* VMX_EVENT_…; without VMX_EVENT_VALID: none */
    u32 error;
};

struct vmx_vcpu {
    u8 fpu[512]
        __attribute__((aligned(16))); /* FXSAVE image, the truth while the vCPU is not loaded; so are: */
    u64 dr[4], dr6, swapped[SWAPS];

    u64 gpr[GPRS]; /* RSP included */
    u64 rip, rflags, cr0, cr2, efer;
    u64 cs_access, ss_access; /* copies of those in the VMCS */
    u64 interruptible;        /* VMX_SHADOW_…, VMX_NMI_BLOCKED */
    struct vmx_event event;   /* for the next entry */
    struct vmx_rest rest;
    bool rest_here; /* `rest` is the truth, not the VMCS */

    hpa_t vmcs;
    struct vmx_cpu *cpu; /* where it is loaded, or was last */
    bool loaded, launched;
    bool refused; /* the last entry failed: the VMCS is as it was then */
    bool flush;   /* drop translations at the next entry */
    u64 flushed;  /* vcpu->flush_seen as of the last time that was done */
    u64 eptp;
    u64 tsc_offset;
    u16 vpid;
    u32 pin, proc, proc2, entry; /* controls as they are to be; and as the VMCS has them: */
    u32 pin_set, proc_set, proc2_set, entry_set;
    struct insn insn; /* of EXIT_MMIO */
    u32 length;       /* of the instruction that exited */
    u32 reason;       /* of the last exit, and what came with it */
    u64 qualification, guest_phys;

    hpa_t log; /* the page for page-modification logging; 0: this CPU has none */
    u8 *apic;  /* the virtual-APIC page */
    u32 tpr_threshold;
    u8 requested;    /* the highest interrupt that the last entry lent to the hardware; 0: none */
    hpa_t apic_page; /* the APIC-access page; 0: not known yet */
    bool apic_page_new;
};

static inline struct vmx_vcpu *vmx_of(const struct vcpu *v)
{
    return (struct vmx_vcpu *)v->hw;
}

/* 64-bit code: neither compatibility nor legacy mode. */
static inline bool vmx_long(const struct vmx_vcpu *x)
{
    return x->efer & EFER_LMA && x->cs_access & VMX_SEG_L;
}

static always_inline struct exit_regs vmx_exit_regs(struct vmx_vcpu *x)
{
    return (struct exit_regs){&x->gpr[RAX], &x->gpr[RBX], &x->gpr[RCX],
                              &x->gpr[RDX], &x->gpr[RSI], vmx_long(x)};
}

/* Of the current VMCS. A field that is not there is a bug of ours. */
u64 vmx_read(u64 field);
void vmx_write(u64 field, u64 value);

/* vmx_vmcs.c: the VMCS becomes current on this CPU and is filled with all that does not change; and the reverse. */
void vmx_vmcs_load(struct vmx_vcpu *x);
void vmx_vmcs_put(struct vmx_vcpu *x);
/* vmx_vmcs.c: what has changed goes into the VMCS before an entry; what the guest may have changed comes out after. */
void vmx_vmcs_enter(struct vmx_vcpu *x);
void vmx_vmcs_exited(struct vmx_vcpu *x);
/* vmx_vmcs.c: the rest of the state, to be read or changed. */
struct vmx_rest *vmx_rest(struct vmx_vcpu *x);

/* vmx_run.S: load the guest's general registers but RSP, run it, store them. False: the entry failed, nothing ran. */
bool vmx_enter(u64 *gpr, bool launched);
extern const char vmx_exited[]; /* where the host goes on after an exit */

/* vmx_log.c: the list of written pages: with the vCPU, at its load, and after each stay in the guest. */
bool vmx_log_init(struct vmx_vcpu *x) must_check;
void vmx_log_free(struct vmx_vcpu *x);
void vmx_log_load(struct vmx_vcpu *x);
void vmx_log_exited(struct vcpu *v);

/* vmx_exit.c: fill *e in from the VMCS. */
void vmx_exit(struct vcpu *v, struct exit *e);
void vmx_exit_bad(const struct vmx_vcpu *x, struct exit *e, const char *why);
/* vmx.c: RIP behind the instruction that exited, with what that entails. */
void vmx_step_over(struct vmx_vcpu *x);

/* vmx_cr.c: an access to a control register that exited. Steps over it, or queues an exception. */
void vmx_cr(struct vmx_vcpu *x);

/* vmx_mmio.c: up to n bytes of code at RIP; returns how many could be read. */
size_t vmx_code(const struct vcpu *v, u8 *to, size_t n);

/* vmx_event.c: queue an exception for the next entry. */
void vmx_event_exception(struct vmx_vcpu *x, u8 vector);
void vmx_event_exception_error(struct vmx_vcpu *x, u8 vector, u32 error);
/*
 * vmx_event.c: after an exit and before vmx_apic_exited(), put back what it interrupted the delivery of; and NMIs that
 * an IRET had not unblocked.
 */
void vmx_event_return(struct vcpu *v);

/* vmx_apic.c: the parts of APIC virtualisation that this vCPU's mode allows, before an entry and after an exit. */
bool vmx_apic_init(struct vmx_vcpu *x) must_check;
void vmx_apic_free(struct vmx_vcpu *x);
void vmx_apic_enter(struct vcpu *v);
void vmx_apic_exited(struct vcpu *v);
/* What was being delivered at an exit that says it was `vectoring`. */
u32 vmx_apic_vectoring(const struct vcpu *v, u32 vectoring);
/* vmx_probe.c: once, where VMX is on and virtual-interrupt delivery used. */
bool vmx_delivery_named(void);
/* Exits 44 and 56. */
void vmx_apic_access(struct vcpu *v, struct exit *e);
void vmx_apic_written(struct vcpu *v, struct exit *e);

#endif
