/* SPDX-License-Identifier: BSD-2-Clause */
/* swarm.h: what one seed's run is made of: each seed leaves most features out and overdoes some of the others. */
#pragma once
#include "machine.h"
#include "nx_worker.h"
#include "abi/faultline.h"

/* Rates are those of rng_chance(), for each instruction of a guest unless told otherwise; 0 = never. */
struct swarm {
    struct machine_config machine;
    unsigned vcpus;
    unsigned anonymous, module; /* pages that guests use, each so many gfns from the next: */
    unsigned stride;
    bool huge;              /* memory enough for huge leaves */
    u64 frames;             /* the VM's resident limit */
    u64 operations, enough; /* a guest stops after so many memory accesses, or at this scheduling point */
    bool abrupt;            /* the VM ends in the middle of things */

    /* Guests. */
    unsigned tasks, working_set,
        drift;               /* pages a task uses at a time; accesses after which it moves on by one */
    unsigned write, execute; /* per cent of its accesses */
    bool user;               /* some accesses at CPL 3 */
    u32 closed;              /* interrupts are closed for a few instructions */
    u32 halt, pause, ipi, self_ipi, timer, nmi;
    u32 evict, unmap, migrate, stats; /* hypercalls */
    u32 renew, move;                  /* a slot is moved to where it is, the module elsewhere */
    u32 nx_switch;
    u32 apic;       /* the local APIC's page is used, or taken away */
    u64 apic_moves; /* and the host moves it so often, of its own accord */
    u32 inspect;    /* after an exit: the tables are checked */
    u32 priority;   /* CR8 is raised for a few instructions */
    u32 bad;        /* MSR writes that must fail */

    /* Asynchronous page faults. */
    enum fl_personality apf;
    bool pf2, by_exception, always,
        never_ack; /* dialect dual; EN bit 3 clear; EN bit 1; the guest does not say ACK */
    u32 apf_toggle, lapic_toggle;

    /* Only in seeds with SEED_PV. */
    bool steal, eoi;
    u32 leave_flush, yield;

    enum nx_mode nx;
    u32 nx_ratio;
    u64 nx_period; /* ns */

    /* The store. */
    u64 latency_least, latency_most; /* ns */
    bool shared;                     /* only in seeds with SEED_SHARED */
    u32 reject, fail, stuck; /* per request: -1 from submit, an error, no answer for longer than io_timeout */
    unsigned room;           /* requests it takes at a time */
    u64 io_timeout, io_give_up;

    u64 patience; /* ns within which whatever is owed must have come */
};
extern struct swarm swarm;

/* Seeds with this bit are of guests that can be told of absent pages, and of hardly any but absent pages. */
#define SEED_EVENTS (1ull << 60)

/* Seeds with this bit are of guests with steal time and PV EOI; the others draw what they drew before these existed. */
#define SEED_PV (1ull << 59)

/* Seeds with this bit have a disk like the IDE one: an answer interrupts who asked, and any CPU may take it. */
#define SEED_SHARED (1ull << 58)

/* Draw everything from the seed; `operations` 0 = as drawn. */
void swarm_draw(u64 seed, u64 operations);
/* One line that says what was drawn. */
void swarm_print(void);
