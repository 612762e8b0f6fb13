/* SPDX-License-Identifier: BSD-2-Clause */
/* newlib.c: newlib's locks are the kernel's mutexes, and each thread has newlib's state of its own. */
#include "guest.h"
#include "os.h"
#include <errno.h>
#include <malloc.h>
#include <reent.h>
#include <stdlib.h>
#include <sys/lock.h>

/* Sets up the open files; declared in none of newlib's public headers. */
void __sinit(struct _reent *r);

struct __lock {
    struct mutex mutex;
};

/* Those that newlib uses itself. */
struct __lock __lock___sinit_recursive_mutex, __lock___sfp_recursive_mutex, __lock___atexit_recursive_mutex,
    __lock___at_quick_exit_mutex, __lock___malloc_recursive_mutex, __lock___env_recursive_mutex,
    __lock___tz_mutex, __lock___dd_hash_mutex, __lock___arc4random_mutex;

void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(**lock));
    if (!*lock)
        abort();
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    __retarget_lock_init(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    mutex_lock(&lock->mutex);
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    mutex_lock(&lock->mutex);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return mutex_trylock(&lock->mutex);
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return mutex_trylock(&lock->mutex);
}

void __retarget_lock_release(_LOCK_T lock)
{
    mutex_unlock(&lock->mutex);
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    mutex_unlock(&lock->mutex);
}

/* The first thread has the library's global state, the others one on their stack, but the same three open files. */
struct _reent *__getreent(void)
{
    struct _reent *r = os_thread_data();

    return r ? r : _GLOBAL_REENT;
}

void os_thread_run(void (*fn)(void *), void *arg)
{
    struct _reent r;

    __sinit(_GLOBAL_REENT);
    _REENT_INIT_PTR(&r);
    r._stdin = _GLOBAL_REENT->_stdin;
    r._stdout = _GLOBAL_REENT->_stdout;
    r._stderr = _GLOBAL_REENT->_stderr;
    r.__sdidinit = 1;
    os_thread_set_data(&r);
    fn(arg);
    os_thread_set_data(NULL);
    r.__sdidinit = 0; /* it has no files of its own that would have to be closed */
    _reclaim_reent(&r);
}

/* newlib 3.3.0 declares it, and needs it for aligned_alloc(), but has it not. */
int posix_memalign(void **out, size_t align, size_t bytes)
{
    void *p = memalign(align, bytes);

    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}
