/* SPDX-License-Identifier: BSD-2-Clause */
/* panic.c: the last words of a kernel. They take no lock: whoever holds it may be the one that broke. */
#include "panic.h"
#include "guest.h"
#include "karch.h"
#include "lib/fmt.h"
#include "percpu.h"
#include "stop.h"

#define LINE_MAX 256

static void print(const char *fmt, va_list ap)
{
    char line[LINE_MAX];
    size_t n = fmt_vsn(line, sizeof(line), fmt, ap);

    karch_con_write(line, MIN(n, sizeof(line) - 1));
}

void panic_print(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    print(fmt, ap);
    va_end(ap);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    karch_irq_save();
    if (stop_lead()) {
        karch_con_fresh_line();
        panic_print("panic on CPU %u: ", karch_cpu()->id);
        va_start(ap, fmt);
        print(fmt, ap);
        va_end(ap);
        panic_print("\n");
    }
    stop_all(STATUS_PANIC);
}
