/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spin.h: the kernel's spinlock: whoever runs may take it. Interrupts must be off while it is held (A4-32).
 *
 * It is not fair, on purpose. The host may take a CPU away while it waits; a lock that were next handed to that CPU
 * would stop all others until its next time slice, and then the same again the other way round.
 */
#pragma once
#include "karch.h"
#include "lib/atomic.h"

struct spin {
    u32 held;
};

/* Takes a lock that somebody holds. Cold: nobody shall save registers for a call that is hardly ever made. */
__attribute__((cold)) void spin_get_late(struct spin *l);

static inline void spin_get(struct spin *l)
{
    if (__builtin_expect(at_xchg(&l->held, 1), 0))
        spin_get_late(l);
}

static inline void spin_put(struct spin *l)
{
    at_store_rel(&l->held, 0);
}

/* The same, with interrupts turned off; the answer is for irq_unlock(). */
static inline bool irq_lock(struct spin *l)
{
    bool were_on = karch_irq_save();

    spin_get(l);
    return were_on;
}

static inline void irq_unlock(struct spin *l, bool were_on)
{
    spin_put(l);
    karch_irq_restore(were_on);
}
