/* SPDX-License-Identifier: BSD-2-Clause */
/* sigset.c: sets of signals: a bit each. */
#include "result.h"
#include <signal.h>

static int bit_of(int signal, sigset_t *bit)
{
    if (signal < 1 || signal >= NSIG)
        return libc_failed(EINVAL);
    *bit = 1ul << signal;
    return 0;
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = (1ul << NSIG) - 2;
    return 0;
}

int sigaddset(sigset_t *set, int signal)
{
    sigset_t bit;

    if (bit_of(signal, &bit))
        return -1;
    *set |= bit;
    return 0;
}

int sigdelset(sigset_t *set, int signal)
{
    sigset_t bit;

    if (bit_of(signal, &bit))
        return -1;
    *set &= ~bit;
    return 0;
}

int sigismember(const sigset_t *set, int signal)
{
    sigset_t bit;

    return bit_of(signal, &bit) ? -1 : (*set & bit) != 0;
}
