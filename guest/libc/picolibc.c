/* SPDX-License-Identifier: BSD-2-Clause */
/* picolibc.c: its one lock, and fflush(); all that it keeps per thread is in thread-local storage already. */
#include "lock.h"
#include "malloc_heap.h"
#include "os.h"
#include <stdio.h>
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

/*
 * The library's own, which images/libc/picolibc.sh calls so. It takes no NULL for all streams, of which there is no
 * list: here that means the standard ones.
 */
int picolibc_fflush(FILE *file);

int fflush(FILE *file)
{
    return file ? picolibc_fflush(file) : picolibc_fflush(stdout) | picolibc_fflush(stderr);
}
