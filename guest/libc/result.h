/* SPDX-License-Identifier: BSD-2-Clause */
/* result.h: the kernel's result as POSIX wants it: what is below 0 becomes -1, the reason goes to errno. */
#pragma once
#include <errno.h>

static inline long libc_result(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}
