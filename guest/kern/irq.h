/* SPDX-License-Identifier: BSD-2-Clause */
/* irq.h: spinlocks that keep interrupts, and so asynchronous page faults, away while held (A4-32). */
#pragma once
#include "karch.h"
#include "lib/lock.h"

static inline bool irq_lock(struct spinlock *l)
{
    bool were_on = karch_irq_save();

    spin_lock(l);
    return were_on;
}

static inline void irq_unlock(struct spinlock *l, bool were_on)
{
    spin_unlock(l);
    karch_irq_restore(were_on);
}

/* What the machine calls for each interrupt, interrupts off, after it told its controller that it is handled. */
void irq_timer(void);
void irq_resched(void);
void irq_call(void);
void irq_apf(void);
/* … and after each of them, before it goes back to what was interrupted: another thread may be due. */
void irq_exit(void);
