/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fmt.h: text formatting without a C library.
 *
 * Understands %c %s %d %i %u %x %p %%, the lengths l ll z, a width and a precision (both may be `*`), and the flags
 * `-` and `0`. Anything else is copied as it stands. The result is always terminated when size is not 0; the return
 * value is the length the whole text has, as with snprintf.
 */
#pragma once
#include "lib/types.h"
#include <stdarg.h>

size_t fmt_vsn(char *buf, size_t size, const char *fmt, va_list ap);
size_t fmt_sn(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
