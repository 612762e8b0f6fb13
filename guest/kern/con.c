/* SPDX-License-Identifier: BSD-2-Clause */
/* con.c: whole writes, with interrupts on while the slow device works; polled reads, by lines, that end with ^D. */
#include "con.h"
#include "guest.h"
#include "karch.h"

#define POLL_NS 10000000ull
#define END_OF_TEXT \
    4 /* ^D: what came so far is the read; if nothing came, the file ends (POSIX XBD 11.1.9) */

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
        while (got < n && (c = karch_con_read()) >= 0) {
            if (c == END_OF_TEXT)
                return got;
            text[got++] = (char)c;
            if (c == '\n')
                return got;
        }
        if (!got)
            thread_sleep(POLL_NS);
    }
    return got;
}
