/* SPDX-License-Identifier: BSD-2-Clause */
/* panic.c: the last words of a kernel. They take no lock: whoever holds it may be the one that broke. */
#include "panic.h"
#include "abi/kvm_msr.h"
#include "guest.h"
#include "karch.h"
#include "lib/atomic.h"
#include "lib/fmt.h"
#include "percpu.h"

#define LINE_MAX 256

static u32 panicking;

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
    if (at_add(&panicking, 1) == 1) {
        panic_print("panic on CPU %u: ", karch_cpu()->id);
        va_start(ap, fmt);
        print(fmt, ap);
        va_end(ap);
        panic_print("\n");
    }
    if (karch_cpu()->apf_on) /* the host must not write into what comes next here (A4-4) */
        karch_pv_try_write(PV_MSR_APF_EN, 0);
    karch_exit(STATUS_PANIC);
}
