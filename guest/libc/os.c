/* SPDX-License-Identifier: BSD-2-Clause */
/* os.c: what a C library asks of its system: three files, all the console; an end. */
#include "os.h"
#include "guest.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FD_MAX 2 /* 0, 1 and 2 are the console */

/* The names are those that newlib's reentrant wrappers call on x86-64. */
int close(int fd);
int fstat(int fd, struct stat *st);
int kill(int pid, int sig);
pid_t getpid(void);
void _init(void);
void _fini(void);

static int bad_fd(void)
{
    errno = EBADF;
    return -1;
}

ssize_t read(int fd, void *buf, size_t n)
{
    return fd == 0 ? (ssize_t)con_read(buf, n) : bad_fd();
}

ssize_t write(int fd, const void *buf, size_t n)
{
    if (fd < 1 || fd > FD_MAX)
        return bad_fd();
    con_write(buf, n);
    return (ssize_t)n;
}

int open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    errno = ENOENT;
    return -1;
}

int close(int fd)
{
    return fd < 0 || fd > FD_MAX ? bad_fd() : 0;
}

int fstat(int fd, struct stat *st)
{
    if (fd < 0 || fd > FD_MAX)
        return bad_fd();
    *st = (struct stat){.st_mode = S_IFCHR};
    return 0;
}

int isatty(int fd)
{
    return fd >= 0 && fd <= FD_MAX;
}

off_t lseek(int fd, off_t offset, int whence)
{
    (void)fd;
    (void)offset;
    (void)whence;
    errno = ESPIPE;
    return -1;
}

pid_t getpid(void)
{
    return 1;
}

/* raise() and so abort() end here. */
int kill(int pid, int sig)
{
    (void)pid;
    (void)sig;
    machine_exit(STATUS_ABORT);
}

void _exit(int status)
{
    machine_exit((u32)status & 0xff);
}

void _init(void)
{
}

void _fini(void)
{
}
