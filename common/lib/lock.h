/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h: a ticket spinlock and a reader/writer spinlock that prefers writers.
 *
 * Neither sleeps and neither touches the interrupt flag: the host takes locks only with interrupts off by construction
 * (architecture D3), the guest through guest/kern/irq.h. Holders must not wait for another CPU's progress.
 */
#pragma once
#include "lib/atomic.h"

struct spinlock {
    u32 next, serving;
};

static inline void spin_lock(struct spinlock *l)
{
    u32 mine = at_add(&l->next, 1) - 1;

    while (at_load_acq(&l->serving) != mine)
        at_relax();
}

static inline void spin_unlock(struct spinlock *l)
{
    at_store_rel(&l->serving, at_load(&l->serving) + 1);
}

static inline bool spin_held(const struct spinlock *l)
{
    return at_load(&l->next) != at_load(&l->serving);
}

/* word: bits 30:0 readers, bit 31 a writer holds it; writers: how many wait, which keeps new readers out. */
struct rwlock {
    u32 word, writers;
};

#define RWLOCK_WRITER 0x80000000u

static inline void read_lock(struct rwlock *l)
{
    for (;;) {
        u32 w = at_load(&l->word);

        if (!(w & RWLOCK_WRITER) && !at_load(&l->writers) && at_cas(&l->word, &w, w + 1))
            return;
        at_relax();
    }
}

static inline void read_unlock(struct rwlock *l)
{
    at_sub(&l->word, 1);
}

static inline void write_lock(struct rwlock *l)
{
    u32 idle = 0;

    at_add(&l->writers, 1);
    while (!at_cas(&l->word, &idle, RWLOCK_WRITER)) {
        idle = 0;
        at_relax();
    }
    at_sub(&l->writers, 1);
}

static inline void write_unlock(struct rwlock *l)
{
    at_store_rel(&l->word, 0);
}

static inline bool read_held(const struct rwlock *l)
{
    return at_load(&l->word) != 0;
}

static inline bool write_held(const struct rwlock *l)
{
    return at_load(&l->word) & RWLOCK_WRITER;
}
