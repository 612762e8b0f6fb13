/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: the last words of a program. As a panic's they take no lock, for the thread may hold it. */
#include "fault.h"
#include "lib/fmt.h"
#include "os.h"
#include "panic.h"
#include "percpu.h"
#include "stop.h"
#include "thread.h"

#define WHAT_MAX 160

static void print_line(const char *kind, const char *what)
{
    const struct thread *t = karch_thread();
    const char *name = thread_name(t);

    karch_con_fresh_line();
    panic_print("%s: thread %u%s%s%s: %s\n", kind, thread_number(t), *name ? " (" : "", name,
                *name ? ")" : "", what);
}

void fault_say(const char *kind, const char *fmt, ...)
{
    char what[WHAT_MAX];
    va_list ap;

    va_start(ap, fmt);
    fmt_vsn(what, sizeof(what), fmt, ap);
    va_end(ap);
    karch_irq_save();
    if (!stop_lead())
        stop_all(STATUS_PANIC); /* another CPU leads, and says why */
    stop_others();
    print_line(kind, what);
}

void os_abort(const char *why)
{
    fault_say("abort", "%s", why);
    stop_all(STATUS_ABORT);
}
