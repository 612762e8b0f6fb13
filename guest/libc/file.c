/* SPDX-License-Identifier: BSD-2-Clause */
/* file.c: POSIX's calls on open files: their bytes, their offsets, their numbers. */
#include "fs.h"
#include "mode.h"
#include "result.h"
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static mode_t mask = S_IWGRP | S_IWOTH;

mode_t umask(mode_t now)
{
    return __atomic_exchange_n(&mask, now & 0777, __ATOMIC_RELAXED);
}

mode_t libc_mode(mode_t asked)
{
    return asked & MODE_BITS & ~__atomic_load_n(&mask, __ATOMIC_RELAXED);
}

static unsigned fs_flags_of(int flags)
{
    static const struct {
        int posix;
        unsigned fs;
    } map[] = {
        {O_APPEND, FS_APPEND}, {O_CREAT, FS_CREATE},        {O_EXCL, FS_EXCL},
        {O_TRUNC, FS_TRUNC},   {O_DIRECTORY, FS_DIRECTORY}, {O_NOFOLLOW, FS_NOFOLLOW},
    };
    unsigned fs = (flags & O_ACCMODE) == O_RDONLY   ? FS_READ
                  : (flags & O_ACCMODE) == O_WRONLY ? FS_WRITE
                                                    : FS_READ | FS_WRITE;

    for (unsigned i = 0; i < sizeof(map) / sizeof(map[0]); i++)
        if (flags & map[i].posix)
            fs |= map[i].fs;
    return fs;
}

int open(const char *path, int flags, ...)
{
    unsigned mode = 0;

    if (flags & O_CREAT) {
        va_list ap;

        va_start(ap, flags);
        mode = libc_mode(va_arg(ap, mode_t));
        va_end(ap);
    }
    return (int)libc_result(fs_open(path, fs_flags_of(flags), mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
    return (int)libc_result(fs_close(fd));
}

ssize_t read(int fd, void *buf, size_t n)
{
    return libc_result(fs_read(fd, buf, n));
}

ssize_t write(int fd, const void *buf, size_t n)
{
    return libc_result(fs_write(fd, buf, n));
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
    return libc_result(offset < 0 ? -E_INVAL : fs_pread(fd, buf, n, (u64)offset));
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    return libc_result(offset < 0 ? -E_INVAL : fs_pwrite(fd, buf, n, (u64)offset));
}

/* Part by part: what other threads read or write may come in between. */
static ssize_t each(int fd, const struct iovec *parts, int count, ssize_t (*move)(int, void *, size_t))
{
    ssize_t sum = 0;

    if (count < 0)
        return libc_result(-E_INVAL);
    for (int i = 0; i < count; i++) {
        ssize_t n = parts[i].iov_len ? move(fd, parts[i].iov_base, parts[i].iov_len) : 0;

        if (n < 0)
            return sum ? sum : -1;
        sum += n;
        if ((size_t)n < parts[i].iov_len)
            break;
    }
    return sum;
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    return each(fd, parts, count, read);
}

static ssize_t write_part(int fd, void *buf, size_t n)
{
    return write(fd, buf, n);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return each(fd, parts, count, write_part);
}

off_t lseek(int fd, off_t offset, int whence)
{
    switch (whence) {
    case SEEK_SET:
        return libc_result(fs_seek(fd, offset, FS_SET));
    case SEEK_CUR:
        return libc_result(fs_seek(fd, offset, FS_CUR));
    case SEEK_END:
        return libc_result(fs_seek(fd, offset, FS_END));
    default:
        return libc_result(-E_INVAL);
    }
}

int dup(int fd)
{
    return (int)libc_result(fs_dup(fd, 0));
}

int dup2(int fd, int to)
{
    return (int)libc_result(fs_dup_to(fd, to));
}

static int posix_flags(int fs)
{
    int flags = (fs & (FS_READ | FS_WRITE)) == FS_READ ? O_RDONLY : fs & FS_READ ? O_RDWR : O_WRONLY;

    return fs < 0 ? fs : fs & FS_APPEND ? flags | O_APPEND : flags;
}

/* One process cannot be in its own way: every lock is granted, and none is ever seen. */
int fcntl(int fd, int command, ...)
{
    int open_as = fs_flags(fd);
    va_list ap;
    int result = -E_INVAL;

    if (open_as < 0)
        return (int)libc_result(open_as);
    va_start(ap, command);
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        result = fs_dup(fd, va_arg(ap, int));
        break;
    case F_GETFL:
        result = posix_flags(open_as);
        break;
    case F_SETFL:
        result = fs_append(fd, va_arg(ap, int) & O_APPEND);
        break;
    case F_GETLK:
        va_arg(ap, struct flock *)->l_type = F_UNLCK;
        result = 0;
        break;
    case F_GETFD:
    case F_SETFD:
    case F_SETLK:
    case F_SETLKW:
        result = 0;
        break;
    }
    va_end(ap);
    return (int)libc_result(result);
}

int ioctl(int fd, unsigned long request, ...)
{
    int open_as = fs_flags(fd);

    (void)request;
    return libc_failed(open_as < 0 ? -open_as : ENOTTY);
}

int ftruncate(int fd, off_t bytes)
{
    return (int)libc_result(bytes < 0 ? -E_INVAL : fs_truncate(fd, (u64)bytes));
}

int truncate(const char *path, off_t bytes)
{
    int fd = open(path, O_WRONLY), result;

    if (fd < 0)
        return -1;
    result = ftruncate(fd, bytes);
    (void)fs_close(fd);
    return result;
}

/* Memory is all there is: nothing waits to be written. */
int fsync(int fd)
{
    int open_as = fs_flags(fd);

    return (int)libc_result(open_as < 0 ? open_as : 0);
}

int fdatasync(int fd)
{
    return fsync(fd);
}
