/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapic.h: the local APIC of a vCPU: registers, priorities, timer, interprocessor interrupts (SDM vol. 3, 10).
 *
 * A vCPU starts in xAPIC mode, with its registers at the page that IA32_APIC_BASE names; the guest may move that, and
 * switch to x2APIC, whose registers are MSRs. The interrupt request register is public (vcpu_pub.irr), what says so
 * below may be read by anybody; all else belongs to the owner. The class of the task priority lives in the hardware's
 * CR8 (hw_tpr). All interrupts are edge-triggered.
 *
 *   lapic.c        request, priority, acceptance        lapic_timer.c  one-shot, periodic, TSC deadline
 *   lapic_ipi.c    the interrupt command register       lapic_reg.c    the registers that both modes have
 *   lapic_msr.c    … as MSRs, and the modes             lapic_mmio.c   … at the page
 *   lapic_save.c   as plain bytes, and back            lapic_virt.c   in a page that hardware reads and writes
 */
#pragma once
#include "exit.h"

struct vcpu;
struct vm;

#define APIC_BASE_MSR      0x1bu
#define X2APIC_MSR_FIRST   0x800u
#define X2APIC_MSR_LAST    0x8ffu
#define TSC_DEADLINE_MSR   0x6e0u
#define APIC_BASE_BSP      BIT(8)
#define APIC_BASE_X2       BIT(10)
#define APIC_BASE_ENABLE   BIT(11)
#define APIC_BASE_DEFAULT  0xfee00000ull
#define APIC_TIMER_HZ      1000000000u /* one tick of the bus clock is one ns */
#define APIC_PERIOD_NS_MIN 100000u     /* shorter timer periods are stretched: the host must get on */

/* Local vector table, in the order of the MSRs 0x832 … 0x837. */
enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

struct lapic {
    /* Written by the owner, read by anybody, by atomics. */
    u64 base;     /* IA32_APIC_BASE */
    u32 enabled;  /* hardware and software enabled */
    u32 ldr, dfr; /* logical destination and its format: xAPIC mode */
    /* The owner's. */
    bool changed; /* a register other than those of interrupts, since lapic_fill() */
    u32 svr;
    u32 tpr;    /* as last written to the register; holds while its class is that of CR8 */
    u32 esr;    /* error status as the guest reads it */
    u32 errors; /* detected since the guest last wrote ESR */
    u32 isr[8];
    u32 lvt[LVT_COUNT];
    u32 divide;       /* divide configuration register */
    u32 timer_init;   /* initial count */
    u64 tsc_deadline; /* 0 = not armed */
    u64 deadline;     /* ns when the timer is due, TIME_NEVER = not armed */
    u64 icr;          /* in xAPIC mode too the halves are as the guest sees them */
};

/* Power-on; hw_vcpu_init() and hw_init() have seen to CR8. */
void lapic_reset(struct vcpu *v);
/* INIT: as reset, but APIC_BASE survives. */
void lapic_init(struct vcpu *v);

/* Any CPU. Request `vector` (edge) at v's local APIC and wake or kick v. Lost if the APIC is disabled. */
void lapic_raise(struct vcpu *v, u8 vector);

/* Owner. The vector to deliver now (priority above PPR), or -1. Vectors 0-15 are never delivered (A3-41). */
int lapic_pending(const struct vcpu *v);
/* Owner. The same but for the task priority, which the guest lowers without an exit: for hw_irq_window(). */
int lapic_waiting(const struct vcpu *v);
/* Owner. Whether the task priority lets it in now. */
bool lapic_admits(const struct vcpu *v, u8 vector);
/* Owner. Move it from IRR to ISR: the CPU accepts it. */
void lapic_accept(struct vcpu *v, u8 vector);

/* Owner. How many are in service, 2 if more; and whether any is requested, deliverable or not. */
unsigned lapic_in_service(const struct vcpu *v);
bool lapic_requested(const struct vcpu *v);
/* Owner. End the only one that is in service. */
void lapic_end_sole(struct vcpu *v);

/*
 * Any CPU. What an ICR write with this low word sends, to the vCPUs whose bits are set in `members`: bit 0 stands for
 * APIC ID `first`. Returns how many there are that take it. The word may have no destination of its own.
 */
bool lapic_can_send_to(u32 icr);
unsigned lapic_send_to(struct vm *vm, u64 first, u64 members, u32 icr);

/* Hardware and software enabled (A3-31). Any CPU. */
bool lapic_enabled(const struct vcpu *v);

/* Owner. When the timer is due, ns or TIME_NEVER; and: raise it if it is due now. */
u64 lapic_deadline(const struct vcpu *v);
void lapic_poll(struct vcpu *v, u64 now);

/*
 * MSRs 0x1b, 0x6e0, 0x800-0x8ff. Calls apf_deliver() when the APIC becomes enabled (A3-33), which only a write of
 * SVR can do: whenever the hardware enable changes, SVR is as after power-on.
 */
enum outcome lapic_msr(struct vcpu *v, struct exit *e);

/* Owner. Is this in the page where v's local APIC has its registers? Never in x2APIC mode, nor when it is disabled. */
bool lapic_at(const struct vcpu *v, gpa_t gpa);
/* Owner. An access there: EXIT_MMIO. As for MSRs, apf_deliver() may be called. */
void lapic_mmio(struct vcpu *v, struct exit *e);

/*
 * For hardware that virtualises the registers, in a page laid out as they are: fill it but for the task priority,
 * before an entry; and take what the guest may write there without an exit. Owner, outside guest mode.
 */
void lapic_fill(struct vcpu *v, u8 *page);
void lapic_written(struct vcpu *v, const u8 *page);
/*
 * For hardware that delivers interrupts: IRR and ISR are in the page from an entry to the exit. What is requested
 * meanwhile is told apart from what the hardware has accepted, and waits for the next entry. The highest of each, -1:
 * none. Without `requests` IRR stays here. Owner, outside guest mode.
 */
void lapic_lend(struct vcpu *v, u8 *page, bool requests, int *requested, int *serving);
void lapic_return(struct vcpu *v, u8 *page);

/* All of it but CR8, as plain data. */
struct lapic_saved {
    u64 base, icr, tsc_deadline;
    u64 left; /* ns until the timer is due, TIME_NEVER = not armed */
    u32 ldr, dfr, svr, tpr, esr, errors, divide, timer_init;
    u32 irr[8], isr[8], lvt[LVT_COUNT];
};

/* Owner, or while the vCPU is held. */
void lapic_save(const struct vcpu *v, struct lapic_saved *out);
/* Can it be the state of a local APIC? */
bool lapic_restorable(const struct lapic_saved *s) must_check;
/* Calls apf_deliver() if the APIC is enabled now (A3-62). */
void lapic_restore(struct vcpu *v, const struct lapic_saved *s);
