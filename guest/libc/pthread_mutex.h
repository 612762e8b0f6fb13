/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_mutex.h: what lies in a pthread_mutex_t: the kernel's mutex, held once, and how often its owner locked it. */
#pragma once
#include "guest.h"
#include <pthread.h>

struct __attribute__((may_alias)) pmutex {
    int type;
    u32 again; /* how often more than once; the owner's */
    struct mutex mutex;
};

_Static_assert(sizeof(struct pmutex) <= sizeof(pthread_mutex_t), "pthread_mutex_t");
_Static_assert(!__builtin_offsetof(struct pmutex, type), "PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP");

static inline struct pmutex *pmutex_of(pthread_mutex_t *m)
{
    return (struct pmutex *)m;
}
