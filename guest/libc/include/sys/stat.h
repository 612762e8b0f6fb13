/* SPDX-License-Identifier: BSD-2-Clause */
/* stat.h: the library's own, and the call that it declares for some systems only. */
#pragma once
#include_next <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

int lstat(const char *__restrict path, struct stat *__restrict st);

#ifdef __cplusplus
}
#endif
