/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rwlock.h: a reader/writer spinlock whose readers, each on a CPU of its own, write no common cache line.
 *
 * It prefers writers. A reader puts a mark on its CPU, then looks for writers; a writer counts itself, then looks for
 * marks; a full barrier on each side (pair P15 in docs/ordering.md), so at least one of them sees the other. It is
 * taken with interrupts off, like lib/lock.h.
 */
#pragma once
#include "lib/atomic.h"
#include "port.h"

struct rwlock {
    u32 writers; /* that hold it or wait, which keeps new readers out */
    u32 holder;  /* CPU + 1 of the one whose turn it is; 0 = none */
    struct {
        u32 inside; /* 1: this CPU reads, or is about to look whether it may */
    } __attribute__((aligned(CACHE_LINE))) cpu[CPU_MAX];
};

static inline void read_lock(struct rwlock *l)
{
    u32 *inside = &l->cpu[port_cpu()].inside;

    while (at_xchg(inside, 1), at_load_acq(&l->writers)) { /* P15: pairs with write_lock() */
        at_store_rel(inside, 0);
        while (at_load(&l->writers))
            at_relax();
    }
}

static inline void read_unlock(struct rwlock *l)
{
    at_store_rel(&l->cpu[port_cpu()].inside, 0);
}

static inline void write_lock(struct rwlock *l)
{
    u32 none = 0;

    at_add(&l->writers, 1); /* P15: pairs with read_lock() */
    while (!at_cas(&l->holder, &none, port_cpu() + 1)) {
        none = 0;
        at_relax();
    }
    for (unsigned i = 0; i < port_cpu_count(); i++)
        while (at_load_acq(&l->cpu[i].inside))
            at_relax();
}

static inline void write_unlock(struct rwlock *l)
{
    at_store_rel(&l->holder, 0);
    at_sub(&l->writers, 1);
}

/* By the calling CPU? Whoever writes may read. */
static inline bool write_held(const struct rwlock *l)
{
    return at_load(&l->holder) == port_cpu() + 1;
}

static inline bool read_held(const struct rwlock *l)
{
    return at_load(&l->cpu[port_cpu()].inside) || write_held(l);
}
