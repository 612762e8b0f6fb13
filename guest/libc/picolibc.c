/* SPDX-License-Identifier: BSD-2-Clause */
/* picolibc.c: its one lock; all that picolibc keeps per thread is in thread-local storage already. */
#include "lock.h"
#include "malloc_heap.h"
#include "os.h"
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
