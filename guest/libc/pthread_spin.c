/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_spin.c: spin locks, which give way: their holder may wait for a page, or for the very CPU that spins. */
#include "guest.h"
#include "lib/atomic.h"
#include <errno.h>
#include <pthread.h>

#define SPINS 100 /* before others are let run */

int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
    (void)shared;
    at_store(l, 0);
    return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *l)
{
    return at_load(l) ? EBUSY : 0;
}

int pthread_spin_trylock(pthread_spinlock_t *l)
{
    return at_xchg(l, 1) ? EBUSY : 0;
}

int pthread_spin_lock(pthread_spinlock_t *l)
{
    for (unsigned tries = 1; pthread_spin_trylock(l); tries++) {
        if (tries % SPINS == 0)
            thread_yield();
        at_relax();
    }
    return 0;
}

int pthread_spin_unlock(pthread_spinlock_t *l)
{
    at_store_rel(l, 0);
    return 0;
}
