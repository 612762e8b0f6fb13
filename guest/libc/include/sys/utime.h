/* SPDX-License-Identifier: BSD-2-Clause */
/* utime.h: the library's own, and the call that it leaves to its system to declare. */
#pragma once
#include <sys/types.h>
#include_next <sys/utime.h>

#ifdef __cplusplus
extern "C" {
#endif

int utime(const char *path, const struct utimbuf *times);

#ifdef __cplusplus
}
#endif
