/* SPDX-License-Identifier: BSD-2-Clause */
/* process.c: the one process: its numbers, its end, and what would need another one. */
#include "guest.h"
#include "os.h"
#include "result.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_PID 1
#define OWN_UID 0

/* Called by newlib around the arrays of functions, which are all there is. */
void _init(void);
void _fini(void);

void _init(void)
{
}

void _fini(void)
{
}

void _exit(int status)
{
    machine_exit((u32)status & 0xff);
}

/* A handler of SIGABRT may have the last word, by jumping elsewhere; it cannot be ignored (XSH abort). */
void abort(void)
{
    struct sigaction action;
    sigset_t set;

    sigaction(SIGABRT, NULL, &action);
    if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
        sigemptyset(&set);
        sigaddset(&set, SIGABRT);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        raise(SIGABRT);
    }
    os_abort("abort()");
}

/* ---- Who we are: the first process, of the superuser ---- */

pid_t getpid(void)
{
    return OWN_PID;
}

pid_t getppid(void)
{
    return 0;
}

pid_t getpgrp(void)
{
    return OWN_PID;
}

uid_t getuid(void)
{
    return OWN_UID;
}

uid_t geteuid(void)
{
    return OWN_UID;
}

gid_t getgid(void)
{
    return OWN_UID;
}

gid_t getegid(void)
{
    return OWN_UID;
}

/* ---- What would need another process ---- */

int system(const char *command)
{
    return command ? libc_failed(ENOSYS) : 0; /* 0: there is no shell */
}

pid_t fork(void)
{
    return libc_failed(ENOSYS);
}

pid_t vfork(void)
{
    return libc_failed(ENOSYS);
}

int execve(const char *path, char *const argv[], char *const env[])
{
    (void)path;
    (void)argv;
    (void)env;
    return libc_failed(ENOSYS);
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

int execvp(const char *file, char *const argv[])
{
    return execve(file, argv, environ);
}

pid_t wait(int *status)
{
    (void)status;
    return libc_failed(ECHILD);
}

pid_t waitpid(pid_t process, int *status, int options)
{
    (void)process;
    (void)status;
    (void)options;
    return libc_failed(ECHILD);
}
