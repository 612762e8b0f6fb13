/* SPDX-License-Identifier: BSD-2-Clause */
/* picolibc.c: its one lock, and its one locale; all that it keeps per thread is in thread-local storage already. */
#include "lock.h"
#include "malloc_heap.h"
#include "os.h"
#include <locale.h>
#include <string.h>
#include <sys/lock.h>

struct __lock __lock___libc_recursive_mutex;

void os_thread_run(void (*fn)(void *), void *arg)
{
    fn(arg);
}

void os_thread_end(void)
{
    heap_thread_end();
}

/* picolibc's own takes any name for that of a locale it has; ISO C 7.11.1.1 wants NULL for one that it has not. */
char *setlocale(int category, const char *name)
{
    static char only[] = "C";
    bool known = !name || !*name || !strcmp(name, only) || !strcmp(name, "POSIX");

    return category >= LC_ALL && category <= LC_MESSAGES && known ? only : NULL;
}

/* picolibc's own takes any name for that of a locale it has; ISO C 7.11.1.1 wants NULL for one that it has not. */
char *setlocale(int category, const char *name)
{
    static char only[] = "C";
    bool known = !name || !*name || !strcmp(name, only) || !strcmp(name, "POSIX");

    return category >= LC_ALL && category <= LC_MESSAGES && known ? only : NULL;
}
