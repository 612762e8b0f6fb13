/* SPDX-License-Identifier: BSD-2-Clause */
/* picolibc.c: its one lock, and its locales; all that it keeps per thread is in thread-local storage already. */
#include "lock.h"
#include "malloc_heap.h"
#include "os.h"
#include <locale.h>
#include <stdio.h>
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

/* The library's own, which images/libc/picolibc.sh calls so. */
char *picolibc_setlocale(int category, const char *name);

/* It takes any name for that of a locale it has; ISO C 7.11.1.1 wants NULL for one that it has not. */
char *setlocale(int category, const char *name)
{
    static const char *const known[] = {"", "C", "POSIX", "C.UTF-8", "C-UTF-8"};

    for (size_t i = 0; name && strcmp(name, known[i]) != 0; i++)
        if (i + 1 == ARRAY_SIZE(known))
            return NULL;
    return picolibc_setlocale(category, name);
}

/* Likewise. It takes no NULL for all streams, of which there is no list: here that means the standard ones. */
int picolibc_fflush(FILE *file);

int fflush(FILE *file)
{
    return file ? picolibc_fflush(file) : picolibc_fflush(stdout) | picolibc_fflush(stderr);
}
