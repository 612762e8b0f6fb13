/* SPDX-License-Identifier: BSD-2-Clause */
/* utsname.h: the names of the system (POSIX.1-2017, XBD <sys/utsname.h>). */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

struct utsname {
    char sysname[32];
    char nodename[65];
    char release[32];
    char version[32];
    char machine[32];
};

int uname(struct utsname *__name);

#ifdef __cplusplus
}
#endif
