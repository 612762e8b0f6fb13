/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * req.h: how one CPU makes another one's vCPU do something before it runs guest code again (SPEC B7.3).
 *
 * A request is a bit in the vCPU's public word. The raiser sets the bit, then looks at the mode; the runner sets the
 * mode, then looks at the bits; a full barrier on each side (pair P1 in docs/ordering.md), so at least one of them sees
 * the other: either entry is called off, or an interrupt is sent.
 */
#pragma once
#include "lib/atomic.h"

enum {
    REQ_EVENT = 0x01,     /* IRR, NMI, INIT or SIPI changed: look again whether a halted vCPU must wake */
    REQ_FLUSH = 0x02,     /* drop all translations before the next entry */
    REQ_DONE = 0x04,      /* the done list has tickets */
    REQ_STATE = 0x08,     /* the VM was paused, resumed or stopped */
    REQ_ROOT = 0x10,      /* the root of the TDP tables is invalid: load another one (C1-5) */
    REQ_APIC_PAGE = 0x20, /* the APIC-access page may have moved: look it up before the next entry (B7-1) */
    REQ_KICK = 0x40,      /* PV_HC_KICK: a HLT, this one or the next, ends */
    REQ_LOG = 0x80,       /* look again whether hardware is to log writes */
};

/*
 * mode: where the vCPU is. IN_GUEST: its CPU executes guest code and must be interrupted to notice anything. BLOCKED:
 * its CPU sleeps. The other bits count, so that a waiter can tell one stay from the next.
 */
#define MODE_IN_GUEST 1u
#define MODE_BLOCKED  2u
#define MODE_STEP     4u

/* The part of a vCPU that anybody may touch, by atomics only. */
struct vcpu_pub {
    u32 requests;
    u32 mode;
    u32 ready_pending;   /* a page-ready interrupt is raised and not acknowledged: no kick needed (A3-35) */
    u32 sipi;            /* SIPI_NONE, or the vector of the last start-up IPI */
    u32 init, nmi;       /* 1 = pending */
    struct ticket *done; /* finished waits, newest first */
    u32 irr[8];          /* interrupt request register */
} __attribute__((aligned(CACHE_LINE)));

#define SIPI_NONE 0x100u

/* Publish a request: data written before is visible to whoever sees the bit. Returns the mode: non-zero low bits need a
 * kick. */
static inline u32 req_raise(struct vcpu_pub *p, u32 req)
{
    at_or(&p->requests, req);
    at_fence(); /* P1: pairs with req_go() */
    /* Acquire: pairs with req_back(): what a stay that has ended did comes before what the raiser does next. */
    return at_load_acq(&p->mode) & (MODE_IN_GUEST | MODE_BLOCKED);
}

/* Take all requests; what their raisers published is visible afterwards. */
static inline u32 req_take(struct vcpu_pub *p)
{
    return at_load(&p->requests) ? at_xchg(&p->requests, 0) : 0;
}

/* Come back from guest mode or from sleep. */
static inline void req_back(struct vcpu_pub *p)
{
    at_store_rel(&p->mode, (at_load(&p->mode) | MODE_IN_GUEST | MODE_BLOCKED) + 1);
}

/* Go to `where` (IN_GUEST or BLOCKED) unless there is a request. False: stay, service the requests first. */
static inline bool req_go(struct vcpu_pub *p, u32 where)
{
    at_store(&p->mode, at_load(&p->mode) | where);
    at_fence(); /* P1: pairs with req_raise() */
    if (!at_load(&p->requests))
        return true;
    req_back(p);
    return false;
}

/* For a raiser that must know when the stay in guest mode that it interrupts has ended. */
static inline u32 req_mode(const struct vcpu_pub *p)
{
    return at_load_acq(&p->mode);
}

static inline bool req_left(const struct vcpu_pub *p, u32 seen)
{
    return !(seen & MODE_IN_GUEST) || req_mode(p) != seen;
}
