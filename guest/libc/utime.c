/* SPDX-License-Identifier: BSD-2-Clause */
/* utime.c: set the time at which a file was last changed; that of the last access is not kept. */
#include "fs.h"
#include "guest.h"
#include "result.h"
#include <sys/stat.h>
#include <sys/time.h>
#include <utime.h>

/* `times` is an array to one library, a pointer to the other. */
#pragma GCC diagnostic ignored "-Warray-parameter"

#define NS 1000000000ll
#define US 1000ll

static s64 ns_of(const struct timeval *times)
{
    return times ? times[1].tv_sec * NS + times[1].tv_usec * US : fs_now();
}

int utime(const char *path, const struct utimbuf *times)
{
    return (int)libc_result(fs_utime(path, true, times ? times->modtime * NS : fs_now()));
}

int utimes(const char *path, const struct timeval *times)
{
    return (int)libc_result(fs_utime(path, true, ns_of(times)));
}

int futimes(int fd, const struct timeval *times)
{
    return (int)libc_result(fs_futime(fd, ns_of(times)));
}

int futimens(int fd, const struct timespec *times)
{
    return (int)libc_result(fs_futime(fd, times ? times[1].tv_sec * NS + times[1].tv_nsec : fs_now()));
}
