/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lock.h: a ticket spinlock.
 *
 * It neither sleeps nor touches the interrupt flag: the host takes locks only with interrupts off by construction
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
