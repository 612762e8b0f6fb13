/* SPDX-License-Identifier: BSD-2-Clause */
/* sysconf.c: what the system is like: its limits, its CPUs, its names. */
#include "fs.h"
#include "guest.h"
#include "os.h"
#include "result.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TICKS_PER_S 100
#define ATEXIT_MAX  32 /* at least; C11 7.22.4.2 */
#define HOST_MAX    64

static const char node[] = "faultline";

long sysconf(int name)
{
    size_t longest;

    switch (name) {
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return cpu_count();
    case _SC_PAGESIZE:
        return PAGE_SIZE;
    case _SC_PHYS_PAGES:
        return (long)(memory_bytes() / PAGE_SIZE);
    case _SC_AVPHYS_PAGES:
        return (long)mem_pages_left(&longest);
    case _SC_OPEN_MAX:
        return FS_OPEN_MAX;
    case _SC_CLK_TCK:
        return TICKS_PER_S;
    case _SC_ATEXIT_MAX:
        return ATEXIT_MAX;
    case _SC_HOST_NAME_MAX:
        return HOST_MAX;
    case _SC_SYMLOOP_MAX:
        return 8;
    case _SC_CHILD_MAX:
        return 0;
    case _SC_THREADS:
    case _SC_TIMERS:
    case _SC_TIMEOUTS:
    case _SC_BARRIERS:
    case _SC_SEMAPHORES:
    case _SC_SPIN_LOCKS:
    case _SC_MONOTONIC_CLOCK:
    case _SC_CLOCK_SELECTION:
    case _SC_READER_WRITER_LOCKS:
    case _SC_THREAD_ATTR_STACKSIZE:
    case _SC_THREAD_SAFE_FUNCTIONS:
        return _POSIX_THREADS;
    case _SC_THREAD_THREADS_MAX:
        return PTHREAD_THREADS_MAX;
    case _SC_THREAD_STACK_MIN:
        return PTHREAD_STACK_MIN;
    case _SC_THREAD_KEYS_MAX:
        return PTHREAD_KEYS_MAX;
    case _SC_THREAD_DESTRUCTOR_ITERATIONS:
        return PTHREAD_DESTRUCTOR_ITERATIONS;
    case _SC_SEM_VALUE_MAX:
        return SEM_VALUE_MAX;
    case _SC_ARG_MAX:
    case _SC_SEM_NSEMS_MAX:
    case _SC_TTY_NAME_MAX:
    case _SC_LOGIN_NAME_MAX:
    case _SC_GETPW_R_SIZE_MAX:
    case _SC_GETGR_R_SIZE_MAX:
    case _SC_VERSION:
    case _SC_FSYNC:
    case _SC_MAPPED_FILES:
    case _SC_JOB_CONTROL:
    case _SC_SAVED_IDS:
    case _SC_CPUTIME:
    case _SC_THREAD_CPUTIME:
        return -1; /* no limit that is known, or no such option: errno stays */
    }
    return libc_failed(EINVAL);
}

int getpagesize(void)
{
    return PAGE_SIZE;
}

int getdtablesize(void)
{
    return FS_OPEN_MAX;
}

int gethostname(char *name, size_t bytes)
{
    if (bytes < sizeof(node))
        return libc_failed(ENAMETOOLONG);
    memcpy(name, node, sizeof(node));
    return 0;
}

int uname(struct utsname *u)
{
    *u = (struct utsname){.sysname = "Faultline", .release = "1", .version = "1", .machine = "x86_64"};
    memcpy(u->nodename, node, sizeof(node));
    return 0;
}
