/* SPDX-License-Identifier: BSD-2-Clause */
/* at.c: POSIX's calls on names that are looked up from an open directory: each becomes the one on the whole path. */
#include "fs.h"
#include "result.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* picolibc does not declare it. */
int renameat(int from_dir, const char *from, int to_dir, const char *to);

/* The path itself where the directory does not matter; NULL and errno if there is no such path. */
static const char *whole(int dir, const char *path, char buf[FS_PATH_MAX])
{
    size_t n;

    if (dir == AT_FDCWD || *path == '/' || !*path)
        return path;
    if (libc_result(fs_path(dir, buf, FS_PATH_MAX)))
        return NULL;
    n = strlen(buf);
    if (n + 1 + strlen(path) < FS_PATH_MAX) {
        buf[n] = '/';
        strcpy(buf + n + 1, path);
        return buf;
    }
    errno = ENAMETOOLONG;
    return NULL;
}

int openat(int dir, const char *path, int flags, ...)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);
    mode_t mode = 0;

    if (flags & O_CREAT) {
        va_list ap;

        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return at ? open(at, flags, mode) : -1;
}

int fstatat(int dir, const char *__restrict path, struct stat *__restrict st, int flags)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);

    return !at ? -1 : flags & AT_SYMLINK_NOFOLLOW ? lstat(at, st) : stat(at, st);
}

int faccessat(int dir, const char *path, int how, int flags)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);

    (void)flags;
    return at ? access(at, how) : -1;
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);

    return at ? mkdir(at, mode) : -1;
}

int unlinkat(int dir, const char *path, int flags)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);

    return !at ? -1 : flags & AT_REMOVEDIR ? rmdir(at) : unlink(at);
}

ssize_t readlinkat(int dir, const char *__restrict path, char *__restrict to, size_t n)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);

    return at ? readlink(at, to, n) : -1;
}

int symlinkat(const char *target, int dir, const char *path)
{
    char buf[FS_PATH_MAX];
    const char *at = whole(dir, path, buf);

    return at ? symlink(target, at) : -1;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    char from_buf[FS_PATH_MAX], to_buf[FS_PATH_MAX];
    const char *a = whole(from_dir, from, from_buf), *b = whole(to_dir, to, to_buf);

    return a && b ? rename(a, b) : -1;
}
