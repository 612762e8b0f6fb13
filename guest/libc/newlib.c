/* SPDX-License-Identifier: BSD-2-Clause */
/* newlib.c: newlib's state for each thread, in its thread-local storage, and a few functions that it lacks. */
#include "lock.h"
#include "malloc_heap.h"
#include "os.h"
#include <errno.h>
#include <reent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/lock.h>
#include <time.h>

/* Declared in none of newlib's public headers: sets up the open files; does something with each. */
void __sinit(struct _reent *r);
int _fwalk_reent(struct _reent *r, int (*f)(struct _reent *, FILE *));
void __libc_fini_array(void);

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

/* timegm(): the seconds from a date in UTC; members out of range count as for mktime(). */
#define MONTHS 12
/* Of the Gregorian calendar, in which a year may start in March: the odd day is then its last. */
#define DAYS_PER_400_YEARS 146097
#define DAYS_TO_1970       719468 /* from 1 March of the year 0 */

static s64 divide_down(s64 a, s64 b)
{
    return a / b - (a % b < 0);
}

/* From 1 January 1970 to the first day of a month that may lie outside of its year. */
static s64 days_before(s64 year, s64 month)
{
    s64 from_march = year * MONTHS + month - 2;
    s64 y = divide_down(from_march, MONTHS), m = from_march - y * MONTHS;
    s64 era = divide_down(y, 400), in_era = y - era * 400;

    return era * DAYS_PER_400_YEARS + in_era * 365 + in_era / 4 - in_era / 100 + (m * 153 + 2) / 5 -
           DAYS_TO_1970;
}

time_t timegm(struct tm *date)
{
    s64 days = days_before(1900 + (s64)date->tm_year, date->tm_mon) + date->tm_mday - 1;
    time_t seconds = ((days * 24 + date->tm_hour) * 60 + date->tm_min) * 60 + date->tm_sec;

    if (!gmtime_r(&seconds, date)) {
        errno = EOVERFLOW;
        return -1;
    }
    return seconds;
}
