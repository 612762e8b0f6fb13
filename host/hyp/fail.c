/* SPDX-License-Identifier: BSD-2-Clause */
/* fail.c: report what stands in the way, then stop. */
#include "fail.h"
#include "con.h"
#include "lib/fmt.h"
#include "stop.h"

#define FAIL_TEXT 400

void hyp_fail(enum vm_status status, const char *fmt, ...)
{
    char text[FAIL_TEXT];
    va_list ap;

    va_start(ap, fmt);
    fmt_vsn(text, sizeof(text), fmt, ap);
    va_end(ap);
    con_host("%s", text);
    con_host("faultline: vm 0: exit status %u (%s)", status, vm_status_name(status));
    stop_machine(status);
}
