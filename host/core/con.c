/* SPDX-License-Identifier: BSD-2-Clause */
/* con.c: put a line of the host together and print it in one piece. */
#include "con.h"
#include "port.h"
#include "lib/fmt.h"
#include <stdarg.h>

#define MARK "host| "

void con_host(const char *fmt, ...)
{
    char line[sizeof(MARK) + CON_LINE] = MARK;
    size_t n = sizeof(MARK) - 1;
    va_list ap;

    va_start(ap, fmt);
    n += MIN(fmt_vsn(line + n, CON_LINE, fmt, ap), CON_LINE - 1);
    va_end(ap);
    line[n++] = '\n';
    port_console_write(line, n);
}
