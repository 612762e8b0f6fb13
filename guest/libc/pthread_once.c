/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_once.c: what is done once, by whoever comes first, while the others wait for it. */
#include "guest.h"
#include "lib/atomic.h"
#include <pthread.h>

struct __attribute__((may_alias)) once {
    struct mutex mutex;
    u32 done;
};

_Static_assert(sizeof(struct once) <= sizeof(pthread_once_t), "pthread_once_t");

int pthread_once(pthread_once_t *o, void (*routine)(void))
{
    struct once *once = (struct once *)o;

    if (at_load_acq(&once->done))
        return 0;
    mutex_lock(&once->mutex);
    if (!once->done) {
        routine();
        at_store_rel(&once->done, 1);
    }
    mutex_unlock(&once->mutex);
    return 0;
}
