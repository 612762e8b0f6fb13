/* SPDX-License-Identifier: BSD-2-Clause */
/* panic.h: end the VM with a reason, because the kernel or its host broke a rule. */
#pragma once
#include "lib/types.h"

/* Any context. Prints one line and ends the VM with STATUS_PANIC. */
_Noreturn void panic(const char *fmt, ...) printf_like(1, 2);
/* For reports of several lines that lead to a panic: prints without a lock. */
void panic_print(const char *fmt, ...) printf_like(1, 2);

/* For our own bugs; stays on. */
#define check(claim)                                                  \
    do {                                                              \
        if (__builtin_expect(!(claim), 0))                            \
            panic("%s:%d: not true: %s", __FILE__, __LINE__, #claim); \
    } while (0)
