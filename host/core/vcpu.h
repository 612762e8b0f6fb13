/* SPDX-License-Identifier: BSD-2-Clause */
/* vcpu.h: a virtual CPU: what its owner alone touches, and its public part. */
#pragma once
#include "req.h"
#include "lapic.h"
#include "apf.h"
#include "idle.h"
#include "apic_page.h"
#include "pv_eoi.h"
#include "pv_steal.h"
#include "tdp.h"

struct vm;
struct hw_vcpu;

enum vcpu_state {
    VCPU_RUNNABLE,
    VCPU_HALTED,       /* HLT: ended by a deliverable interrupt, NMI, INIT */
    VCPU_APF_HALTED,   /* artificial halt (A0-8): as HALTED, or an item completes */
    VCPU_WAIT_PAGE,    /* sits a fault out: ended by its ticket alone */
    VCPU_WAIT_BRACKET, /* may not run until an invalidation of the APIC page has ended */
    VCPU_WAIT_SIPI,    /* after INIT, or an application processor at start */
    VCPU_STOPPED,      /* the VM has ended */
};

/* What is to be done before the vCPU runs guest code again, or, of the last one, does anything else. */
#define DUE_STEAL    0x1 /* the end of a theft: pv_steal_end() */
#define DUE_EOI      0x2 /* an interrupt in service whose end may be left to the guest again: pv_eoi_arm() */
#define DUE_EOI_LOOK 0x4 /* one whose end was left to it: pv_eoi_settle() */

#define DUE_RUN 0x8 /* the vCPU itself: then `sat_out` is nobody's concern any more */

struct vcpu {
    struct vcpu_pub pub;
    struct vm *vm;
    unsigned id;  /* also its local APIC id */
    unsigned cpu; /* the CPU that owns it, for ever */
    u64 *pass;    /* that CPU's, of vm->passes */
    enum vcpu_state state;
    struct idle idle; /* time in which it was not runnable */
    struct lapic lapic;
    struct apf apf;
    struct tdp_root *root; /* loaded, with a reference */
    u32 role;              /* of the root */
    struct apic_page apic_page;
    u32 turned_away;        /* by invalidations, times in a row (B4-7) */
    struct tdp_cache cache; /* table pages for one fault */
    u64 clock_msr;          /* PV_MSR_SYSTEM_TIME as last written */
    u64 poll_msr;           /* PV_MSR_POLL; nothing to respect: a halted vCPU is never polled for */
    u32 due;                /* of DUE_* */
    u64 sat_out;            /* gfn + 1 of the page for which it sat a fault out and has not run since; else 0.
                               Read by anybody */
    struct pv_stolen stolen;
    u64 eoi_msr;           /* PV_MSR_EOI as last accepted */
    bool kicked;           /* by PV_HC_KICK, and has not been in HLT since */
    struct vcpu *yield_to; /* of the same CPU: let it run next. NULL: nobody */
    u64 flush_seen;        /* vm->flush_generation honoured by the last flush */
    struct hw_vcpu *hw;
};

/* Make a vCPU of `vm`; false: no memory. */
bool vcpu_init(struct vcpu *v, struct vm *vm, unsigned id, unsigned cpu) must_check;

/* Raise a request and make sure that it is noticed soon. Any CPU. */
void vcpu_request(struct vcpu *v, u32 req);

/* Run the vCPU until it is not runnable, or an interrupt says that the host has work: at `due` (ns) at the latest, and
 * when the vCPU's own timer is due. True: the guest only spins, let another vCPU have the CPU. Owner only. */
bool vcpu_run(struct vcpu *v, u64 due);

/* Service requests of a vCPU that may or may not be runnable. Owner only. */
void vcpu_service(struct vcpu *v);

/* Let pending INIT, SIPI, NMI and interrupts wake a vCPU that does not run. Owner only. */
void vcpu_events(struct vcpu *v);

/* Load the valid root of the vCPU's role, letting go of the one it has, if any. False: no memory. Owner only. */
bool vcpu_load_root(struct vcpu *v) must_check;

/*
 * It waits for this page outside the guest: VCPU_WAIT_PAGE or VCPU_APF_HALTED. The pager's hand spares the page until
 * the vCPU has run: else another one, which runs sooner, may take its frame, and have its own page taken in turn by
 * this one, for ever. Owner only.
 */
void vcpu_sit_out(struct vcpu *v, gfn_t gfn, enum vcpu_state s);

/* Change state, keeping the account of idle time. Owner only. */
void vcpu_set_state(struct vcpu *v, enum vcpu_state s);
