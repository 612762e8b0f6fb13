/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread_cancel.c: no thread cancels another; clean-up handlers run at pthread_exit(). */
#include "pthread_exit.h"
#include <errno.h>
#include <stddef.h>

static _Thread_local struct __cleanup *handlers;
static _Thread_local int cancel_state, cancel_type;

int pthread_cancel(pthread_t t)
{
    (void)t;
    return ENOSYS;
}

static int exchange(int *place, int value, int most, int *old)
{
    if (value < 0 || value > most)
        return EINVAL;
    if (old)
        *old = *place;
    *place = value;
    return 0;
}

int pthread_setcancelstate(int state, int *old)
{
    return exchange(&cancel_state, state, PTHREAD_CANCEL_DISABLE, old);
}

int pthread_setcanceltype(int type, int *old)
{
    return exchange(&cancel_type, type, PTHREAD_CANCEL_ASYNCHRONOUS, old);
}

void pthread_testcancel(void)
{
}

void __cleanup_pop(int execute)
{
    struct __cleanup *h = handlers;

    handlers = h->__next;
    if (execute)
        h->__routine(h->__arg);
}

static void run_all(void)
{
    while (handlers)
        __cleanup_pop(1);
}

void __cleanup_push(struct __cleanup *h)
{
    pthread_run_cleanups = run_all;
    h->__next = handlers;
    handlers = h;
}
