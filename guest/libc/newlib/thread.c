/* SPDX-License-Identifier: BSD-2-Clause */
/* thread.c: newlib's state for each thread, in its thread-local storage, and the locks of what threads share. */
#include "sinit.h"
#include "lock.h"
#include "malloc_heap.h"
#include "os.h"
#include <sys/lock.h>

/* Those that newlib uses itself. */
struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex, __lock___atexit_recursive_mutex,
    __lock___at_quick_exit_mutex, __lock___malloc_recursive_mutex, __lock___env_recursive_mutex,
    __lock___tz_mutex, __lock___dd_hash_mutex, __lock___arc4random_mutex;

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return mutex_trylock(&lock->mutex);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return mutex_trylock(&lock->mutex);
}

static _Thread_local struct _reent own;
static _Thread_local bool owned; /* else the thread is the first, or the library is about to start it */

/* The first thread has the library's global state, the others their own, but the same three open files. */
struct _reent *__getreent(void)
{
    return owned ? &own : _GLOBAL_REENT;
}

void os_thread_run(void (*fn)(void *), void *arg)
{
    __sinit(_GLOBAL_REENT);
    _REENT_INIT_PTR(&own);
    own._stdin = _GLOBAL_REENT->_stdin;
    own._stdout = _GLOBAL_REENT->_stdout;
    own._stderr = _GLOBAL_REENT->_stderr;
    own.__sdidinit = 1;
    owned = true;
    fn(arg);
}

void os_thread_end(void)
{
    owned = false;
    own.__sdidinit = 0; /* it has no files of its own that would have to be closed */
    _reclaim_reent(&own);
    heap_thread_end();
}
