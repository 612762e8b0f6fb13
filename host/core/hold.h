/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold.h: make the guest stand still: no vCPU runs, no exit is being handled, nothing writes its memory for it.
 *
 * Nobody waits: each CPU's loop notes once a pass that it has seen the hold, and all that this CPU did for the guest
 * before is visible to whoever finds the note. After it, vCPUs are neither loaded, run nor serviced until the hold
 * ends. Pages still come and go meanwhile; their contents stay. Apart from VM_PAUSED, which the watchdog begins and
 * ends.
 */
#pragma once
#include "lib/atomic.h"
#include "port.h"

struct vm;

struct hold {
    u64 now;   /* the number of the hold that is on; 0: none */
    u64 count; /* holds so far */
    u64 seen[CPU_MAX];
};

/* Begin it, and see that each CPU makes a pass soon. False: another one is on. */
bool hold_begin(struct vm *vm) must_check;
void hold_end(struct vm *vm);

static inline bool hold_on(const struct hold *h)
{
    return at_load(&h->now);
}

/* A hold has begun, or ended, that this CPU has not noted. */
static inline bool hold_news(const struct hold *h, unsigned cpu)
{
    return at_load(&h->seen[cpu]) != at_load(&h->now);
}

/* This CPU is between two passes of its loop, and no vCPU is loaded on it. */
static inline void hold_pass(struct hold *h, unsigned cpu)
{
    u64 now = at_load_acq(&h->now);

    if (at_load(&h->seen[cpu]) != now)
        at_store_rel(&h->seen[cpu], now); /* P14: after all that was done; pairs with hold_still() */
}

/* Every CPU has passed since the hold began. */
static inline bool hold_still(const struct hold *h)
{
    for (unsigned i = 0; i < port_cpu_count(); i++)
        if (at_load_acq(&h->seen[i]) != at_load(&h->now)) /* P12: pairs with hold_pass() */
            return false;
    return true;
}
