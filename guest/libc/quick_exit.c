/* SPDX-License-Identifier: BSD-2-Clause */
/* quick_exit.c: the short way out (C11 7.22.4.7), which picolibc has not: its own functions, and nothing else. */
#include "guest.h"
#include <stdlib.h>

#define QUICK_MAX 32 /* C11 7.22.4.3 */

static struct mutex guard;
static void (*functions[QUICK_MAX])(void);
static unsigned count; /* under the guard, as they are */

int at_quick_exit(void (*f)(void))
{
    bool room;

    mutex_lock(&guard);
    room = count < QUICK_MAX;
    if (room)
        functions[count++] = f;
    mutex_unlock(&guard);
    return room ? 0 : -1;
}

void quick_exit(int status)
{
    mutex_lock(&guard);
    while (count)
        functions[--count]();
    _Exit(status);
}
