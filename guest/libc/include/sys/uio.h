/* SPDX-License-Identifier: BSD-2-Clause */
/* uio.h: read and write several buffers at once (POSIX.1-2017, sys/uio.h). */
#pragma once
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct iovec {
    void *iov_base;
    size_t iov_len;
};

ssize_t readv(int fd, const struct iovec *parts, int count);
ssize_t writev(int fd, const struct iovec *parts, int count);

#ifdef __cplusplus
}
#endif
