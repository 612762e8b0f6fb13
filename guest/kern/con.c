/* SPDX-License-Identifier: BSD-2-Clause */
/* con.c: one writer at a time, with interrupts on while the slow device works; input is polled. */
#include "con.h"
#include "guest.h"
#include "karch.h"

#define POLL_NS 10000000ull

static struct mutex writing;

void con_write(const char *text, size_t n)
{
    mutex_lock(&writing);
    karch_con_write(text, n);
    mutex_unlock(&writing);
}

size_t con_read(char *text, size_t n)
{
    size_t got = 0;
    int c;

    while (n && !got) {
        while (got < n && (c = karch_con_read()) >= 0)
            text[got++] = (char)c;
        if (!got)
            thread_sleep(POLL_NS);
    }
    return got;
}
