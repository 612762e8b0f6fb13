/* SPDX-License-Identifier: BSD-2-Clause */
/* mman.h: POSIX's memory mappings, which neither C library declares. What they can do here: docs/memory.md. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PROT_NONE  0
#define PROT_READ  1
#define PROT_WRITE 2
#define PROT_EXEC  4

#define MAP_SHARED    0x01
#define MAP_PRIVATE   0x02
#define MAP_FIXED     0x10
#define MAP_ANONYMOUS 0x20
#define MAP_ANON      MAP_ANONYMOUS
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE  0x8000
#define MAP_STACK     0x20000
#define MAP_FAILED    ((void *)-1)

#define MS_ASYNC      1
#define MS_INVALIDATE 2
#define MS_SYNC       4

#define MCL_CURRENT 1
#define MCL_FUTURE  2

#define MADV_NORMAL     0
#define MADV_RANDOM     1
#define MADV_SEQUENTIAL 2
#define MADV_WILLNEED   3
#define MADV_DONTNEED   4

#define POSIX_MADV_NORMAL     MADV_NORMAL
#define POSIX_MADV_RANDOM     MADV_RANDOM
#define POSIX_MADV_SEQUENTIAL MADV_SEQUENTIAL
#define POSIX_MADV_WILLNEED   MADV_WILLNEED
#define POSIX_MADV_DONTNEED   MADV_DONTNEED

void *mmap(void *addr, size_t bytes, int access, int flags, int fd, off_t offset);
int munmap(void *addr, size_t bytes);
int mprotect(void *addr, size_t bytes, int access);
int msync(void *addr, size_t bytes, int flags);
int madvise(void *addr, size_t bytes, int advice);
int posix_madvise(void *addr, size_t bytes, int advice);
int mlock(const void *addr, size_t bytes);
int munlock(const void *addr, size_t bytes);
int mlockall(int flags);
int munlockall(void);

#ifdef __cplusplus
}
#endif
