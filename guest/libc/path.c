/* SPDX-License-Identifier: BSD-2-Clause */
/* path.c: POSIX's calls on the names of files, and what is known about a file. */
#include "fs.h"
#include "mode.h"
#include "result.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#define NS        1000000000ll
#define INODE_LOW 16 /* bits */

static mode_t type_of(enum fs_type type)
{
    switch (type) {
    case FS_FILE:
        return S_IFREG;
    case FS_DIR:
        return S_IFDIR;
    case FS_DEVICE:
        return S_IFCHR;
    case FS_LINK:
        return S_IFLNK;
    }
    return 0;
}

/* An ino_t of newlib's has 16 bits only: the rest goes into st_dev, so that the pair is unique, as it must be. */
static int give(int error, const struct fs_stat *from, struct stat *st)
{
    if (error)
        return (int)libc_result(error);
    *st = (struct stat){
        .st_dev = (dev_t)(from->inode >> INODE_LOW),
        .st_ino = (ino_t)(from->inode & ((1u << INODE_LOW) - 1)),
        .st_mode = type_of(from->type) | from->mode,
        .st_nlink = (nlink_t)from->links,
        .st_rdev = (dev_t)(from->type == FS_DEVICE ? from->device : 0),
        .st_size = (off_t)from->bytes,
        .st_blksize = PAGE_SIZE,
        .st_blocks = (blkcnt_t)from->blocks,
        .st_mtim = {.tv_sec = from->mtime_ns / NS, .tv_nsec = (long)(from->mtime_ns % NS)},
    };
    st->st_atim = st->st_ctim = st->st_mtim;
    return 0;
}

int fstat(int fd, struct stat *st)
{
    struct fs_stat s;

    return give(fs_fstat(fd, &s), &s, st);
}

int stat(const char *__restrict path, struct stat *__restrict st)
{
    struct fs_stat s;

    return give(fs_stat(path, true, &s), &s, st);
}

int lstat(const char *__restrict path, struct stat *__restrict st)
{
    struct fs_stat s;

    return give(fs_stat(path, false, &s), &s, st);
}

/* As for a superuser: only what lies in a module cannot be written, and only what nobody may execute cannot be run. */
int access(const char *path, int how)
{
    struct fs_stat s;
    int error = fs_stat(path, true, &s);

    if (!error && how & W_OK && s.fixed)
        error = -E_ROFS;
    if (!error && how & X_OK && s.type == FS_FILE && !(s.mode & 0111))
        error = -E_ACCES;
    return (int)libc_result(error);
}

int isatty(int fd)
{
    struct fs_stat s;
    int error = fs_fstat(fd, &s);

    if (!error && s.type == FS_DEVICE && s.device == FS_CONSOLE)
        return 1;
    errno = error ? -error : ENOTTY;
    return 0;
}

int link(const char *from, const char *to)
{
    return (int)libc_result(fs_link(from, to));
}

int symlink(const char *target, const char *path)
{
    return (int)libc_result(fs_symlink(target, path));
}

ssize_t readlink(const char *__restrict path, char *__restrict buf, size_t n)
{
    return libc_result(fs_readlink(path, buf, n));
}

int unlink(const char *path)
{
    return (int)libc_result(fs_unlink(path));
}

int rmdir(const char *path)
{
    return (int)libc_result(fs_rmdir(path));
}

/* newlib's own leaves directories alone. */
int remove(const char *path)
{
    int error = fs_unlink(path);

    return (int)libc_result(error == -E_ISDIR ? fs_rmdir(path) : error);
}

/* newlib's own would make a second name and take away the first. */
int rename(const char *from, const char *to)
{
    return (int)libc_result(fs_rename(from, to));
}

int mkdir(const char *path, mode_t mode)
{
    return (int)libc_result(fs_mkdir(path, libc_mode(mode)));
}

int chdir(const char *path)
{
    return (int)libc_result(fs_chdir(path));
}

int fchdir(int fd)
{
    char path[FS_PATH_MAX];
    int error = fs_path(fd, path, sizeof(path));

    return (int)libc_result(error ? error : fs_chdir(path));
}

/* Without a buffer it makes one, as glibc does. */
char *getcwd(char *buf, size_t n)
{
    char *text = buf ? buf : malloc(n ? n : FS_PATH_MAX);
    int error = !text ? -E_NOMEM : buf && !n ? -E_INVAL : fs_getcwd(text, n || buf ? n : FS_PATH_MAX);

    if (!libc_result(error))
        return text;
    if (!buf)
        free(text);
    return NULL;
}

int chmod(const char *path, mode_t mode)
{
    return (int)libc_result(fs_chmod(path, mode & MODE_BITS));
}

int fchmod(int fd, mode_t mode)
{
    return (int)libc_result(fs_fchmod(fd, mode & MODE_BITS));
}

/* There is one user, whom all files belong to. */
int chown(const char *path, uid_t owner, gid_t group)
{
    (void)owner;
    (void)group;
    return access(path, F_OK);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    struct stat st;

    (void)owner;
    (void)group;
    return lstat(path, &st);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    struct stat st;

    (void)owner;
    (void)group;
    return fstat(fd, &st);
}
