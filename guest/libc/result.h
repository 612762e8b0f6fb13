/* SPDX-License-Identifier: BSD-2-Clause */
/* result.h: failure as POSIX wants it told: -1, and the reason in errno. */
#pragma once
#include <errno.h>

static inline int libc_failed(int error)
{
    errno = error;
    return -1;
}

/* The kernel's result: what is below 0 is a reason. */
static inline long libc_result(long result)
{
    return result >= 0 ? result : libc_failed((int)-result);
}
