/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.c: streams are flushed when the program ends, and can be locked by whoever uses them. */
#include "sinit.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>

/* Declared in none of newlib's public headers: does something with each open file. */
int _fwalk_reent(struct _reent *r, int (*f)(struct _reent *, FILE *));
void __libc_fini_array(void);

static int flush_written(struct _reent *r, FILE *file)
{
    return file->_flags & __SWR ? _fflush_r(r, file) : 0;
}

static void flush_all(struct _reent *r)
{
    _fwalk_reent(r, flush_written);
}

/* newlib would close the open files, and wait for whoever has one locked until its input comes. */
static void end(void)
{
    __libc_fini_array();
    if (_GLOBAL_REENT->__cleanup)
        _GLOBAL_REENT->__cleanup = flush_all;
}

/* Destructors run after all that the program itself gives to atexit(), which picolibc sees to itself. */
__attribute__((constructor(101))) static void destructors_last(void)
{
    if (atexit(end))
        abort();
}

/* In the library, remove() comes with it, and would be there twice. */
int _remove_r(struct _reent *r, const char *path)
{
    (void)r;
    return remove(path);
}

/* POSIX threads' view of the lock that each stream has; NULL: streams over strings have none. */
static _LOCK_T lock_of(FILE *file)
{
    if (!_GLOBAL_REENT->__sdidinit) /* this may be the first that is done with the standard streams */
        __sinit(_GLOBAL_REENT);
    return file->_flags & __SSTR ? NULL : file->_lock;
}

void flockfile(FILE *file)
{
    _LOCK_T lock = lock_of(file);

    if (lock)
        __retarget_lock_acquire_recursive(lock);
}

int ftrylockfile(FILE *file)
{
    _LOCK_T lock = lock_of(file);

    return !lock || __retarget_lock_try_acquire_recursive(lock) ? 0 : -1;
}

void funlockfile(FILE *file)
{
    _LOCK_T lock = lock_of(file);

    if (lock)
        __retarget_lock_release_recursive(lock);
}
