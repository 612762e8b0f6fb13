/* SPDX-License-Identifier: BSD-2-Clause */
/* pthread.h: POSIX threads (POSIX.1-2017, XBD <pthread.h>); docs/posix.md says how they differ. */
#pragma once
#include <sched.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PTHREAD_KEYS_MAX              128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_STACK_MIN             16384
#define PTHREAD_THREADS_MAX           256 /* main() included */

#define PTHREAD_BARRIER_SERIAL_THREAD (-1)
#define PTHREAD_CANCELED              ((void *)-1)

enum { PTHREAD_CREATE_JOINABLE, PTHREAD_CREATE_DETACHED };
enum { PTHREAD_CANCEL_ENABLE, PTHREAD_CANCEL_DISABLE };
enum { PTHREAD_CANCEL_DEFERRED, PTHREAD_CANCEL_ASYNCHRONOUS };
enum { PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED };
enum { PTHREAD_SCOPE_SYSTEM, PTHREAD_SCOPE_PROCESS };
enum { PTHREAD_INHERIT_SCHED, PTHREAD_EXPLICIT_SCHED };
enum { PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT, PTHREAD_PRIO_PROTECT };
enum { PTHREAD_MUTEX_STALLED, PTHREAD_MUTEX_ROBUST };
enum { PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_DEFAULT = 0 };
#define PTHREAD_CREATE_JOINABLE  PTHREAD_CREATE_JOINABLE
#define PTHREAD_CREATE_DETACHED  PTHREAD_CREATE_DETACHED
#define PTHREAD_MUTEX_NORMAL     PTHREAD_MUTEX_NORMAL
#define PTHREAD_MUTEX_RECURSIVE  PTHREAD_MUTEX_RECURSIVE
#define PTHREAD_MUTEX_ERRORCHECK PTHREAD_MUTEX_ERRORCHECK
#define PTHREAD_MUTEX_DEFAULT    PTHREAD_MUTEX_DEFAULT
#define PTHREAD_PROCESS_PRIVATE  PTHREAD_PROCESS_PRIVATE
#define PTHREAD_PROCESS_SHARED   PTHREAD_PROCESS_SHARED

/* clang-format off */
#define PTHREAD_MUTEX_INITIALIZER               {{0}}
#define PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP  {{PTHREAD_MUTEX_RECURSIVE}}
#define PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP {{PTHREAD_MUTEX_ERRORCHECK}}
#define PTHREAD_COND_INITIALIZER                {{0}}
#define PTHREAD_RWLOCK_INITIALIZER              {{0}}
#define PTHREAD_ONCE_INIT                       {{0}}
/* clang-format on */

/* ---- Threads ---- */

int pthread_create(pthread_t *__restrict __t, const pthread_attr_t *__restrict __attr,
                   void *(*__start)(void *), void *__restrict __arg);
int pthread_join(pthread_t __t, void **__result);
int pthread_detach(pthread_t __t);
pthread_t pthread_self(void);
int pthread_equal(pthread_t __a, pthread_t __b);
void pthread_exit(void *__result) __attribute__((__noreturn__));
int pthread_setname_np(pthread_t __t, const char *__name);
int pthread_getname_np(pthread_t __t, char *__name, size_t __bytes);
int pthread_kill(pthread_t __t, int __signal);
int pthread_atfork(void (*__prepare)(void), void (*__parent)(void), void (*__child)(void));
int pthread_getconcurrency(void);
int pthread_setconcurrency(int __level);
int pthread_getcpuclockid(pthread_t __t, clockid_t *__clock);
int pthread_getschedparam(pthread_t __t, int *__restrict __policy, struct sched_param *__restrict __param);
int pthread_setschedparam(pthread_t __t, int __policy, const struct sched_param *__param);
int pthread_setschedprio(pthread_t __t, int __priority);

int pthread_attr_init(pthread_attr_t *__attr);
int pthread_attr_destroy(pthread_attr_t *__attr);
int pthread_attr_getdetachstate(const pthread_attr_t *__attr, int *__state);
int pthread_attr_setdetachstate(pthread_attr_t *__attr, int __state);
int pthread_attr_getstacksize(const pthread_attr_t *__restrict __attr, size_t *__restrict __bytes);
int pthread_attr_setstacksize(pthread_attr_t *__attr, size_t __bytes);
int pthread_attr_getguardsize(const pthread_attr_t *__restrict __attr, size_t *__restrict __bytes);
int pthread_attr_setguardsize(pthread_attr_t *__attr, size_t __bytes);
int pthread_attr_getscope(const pthread_attr_t *__restrict __attr, int *__restrict __scope);
int pthread_attr_setscope(pthread_attr_t *__attr, int __scope);
int pthread_attr_getinheritsched(const pthread_attr_t *__restrict __attr, int *__restrict __inherit);
int pthread_attr_setinheritsched(pthread_attr_t *__attr, int __inherit);
int pthread_attr_getschedpolicy(const pthread_attr_t *__restrict __attr, int *__restrict __policy);
int pthread_attr_setschedpolicy(pthread_attr_t *__attr, int __policy);
int pthread_attr_getschedparam(const pthread_attr_t *__restrict __attr,
                               struct sched_param *__restrict __param);
int pthread_attr_setschedparam(pthread_attr_t *__restrict __attr,
                               const struct sched_param *__restrict __param);

/* ---- Cancellation: a thread is never cancelled, pthread_cancel() says ENOSYS ---- */

int pthread_cancel(pthread_t __t);
int pthread_setcancelstate(int __state, int *__old);
int pthread_setcanceltype(int __type, int *__old);
void pthread_testcancel(void);

struct __cleanup {
    void (*__routine)(void *);
    void *__arg;
    struct __cleanup *__next;
};
void __cleanup_push(struct __cleanup *__handler);
void __cleanup_pop(int __execute);
#define pthread_cleanup_push(routine, arg)                  \
    {                                                       \
        struct __cleanup __handler = {(routine), (arg), 0}; \
        __cleanup_push(&__handler);
#define pthread_cleanup_pop(execute) \
    __cleanup_pop(execute);          \
    }

/* ---- Mutexes ---- */

int pthread_mutex_init(pthread_mutex_t *__restrict __mutex, const pthread_mutexattr_t *__restrict __attr);
int pthread_mutex_destroy(pthread_mutex_t *__mutex);
int pthread_mutex_lock(pthread_mutex_t *__mutex);
int pthread_mutex_trylock(pthread_mutex_t *__mutex);
int pthread_mutex_timedlock(pthread_mutex_t *__restrict __mutex, const struct timespec *__restrict __until);
int pthread_mutex_clocklock(pthread_mutex_t *__restrict __mutex, clockid_t __clock,
                            const struct timespec *__restrict __until);
int pthread_mutex_unlock(pthread_mutex_t *__mutex);
int pthread_mutexattr_init(pthread_mutexattr_t *__attr);
int pthread_mutexattr_destroy(pthread_mutexattr_t *__attr);
int pthread_mutexattr_gettype(const pthread_mutexattr_t *__restrict __attr, int *__restrict __type);
int pthread_mutexattr_settype(pthread_mutexattr_t *__attr, int __type);
int pthread_mutexattr_getpshared(const pthread_mutexattr_t *__restrict __attr, int *__restrict __shared);
int pthread_mutexattr_setpshared(pthread_mutexattr_t *__attr, int __shared);
int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *__restrict __attr, int *__restrict __protocol);
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *__attr, int __protocol);
int pthread_mutexattr_getrobust(const pthread_mutexattr_t *__restrict __attr, int *__restrict __robust);
int pthread_mutexattr_setrobust(pthread_mutexattr_t *__attr, int __robust);

/* ---- Condition variables ---- */

int pthread_cond_init(pthread_cond_t *__restrict __cond, const pthread_condattr_t *__restrict __attr);
int pthread_cond_destroy(pthread_cond_t *__cond);
int pthread_cond_wait(pthread_cond_t *__restrict __cond, pthread_mutex_t *__restrict __mutex);
int pthread_cond_timedwait(pthread_cond_t *__restrict __cond, pthread_mutex_t *__restrict __mutex,
                           const struct timespec *__restrict __until);
int pthread_cond_clockwait(pthread_cond_t *__restrict __cond, pthread_mutex_t *__restrict __mutex,
                           clockid_t __clock, const struct timespec *__restrict __until);
int pthread_cond_signal(pthread_cond_t *__cond);
int pthread_cond_broadcast(pthread_cond_t *__cond);
int pthread_condattr_init(pthread_condattr_t *__attr);
int pthread_condattr_destroy(pthread_condattr_t *__attr);
int pthread_condattr_getclock(const pthread_condattr_t *__restrict __attr, clockid_t *__restrict __clock);
int pthread_condattr_setclock(pthread_condattr_t *__attr, clockid_t __clock);
int pthread_condattr_getpshared(const pthread_condattr_t *__restrict __attr, int *__restrict __shared);
int pthread_condattr_setpshared(pthread_condattr_t *__attr, int __shared);

/* ---- Reader-writer locks: neither kind of waiter is overtaken for ever ---- */

int pthread_rwlock_init(pthread_rwlock_t *__restrict __lock, const pthread_rwlockattr_t *__restrict __attr);
int pthread_rwlock_destroy(pthread_rwlock_t *__lock);
int pthread_rwlock_rdlock(pthread_rwlock_t *__lock);
int pthread_rwlock_tryrdlock(pthread_rwlock_t *__lock);
int pthread_rwlock_timedrdlock(pthread_rwlock_t *__restrict __lock,
                               const struct timespec *__restrict __until);
int pthread_rwlock_wrlock(pthread_rwlock_t *__lock);
int pthread_rwlock_trywrlock(pthread_rwlock_t *__lock);
int pthread_rwlock_timedwrlock(pthread_rwlock_t *__restrict __lock,
                               const struct timespec *__restrict __until);
int pthread_rwlock_unlock(pthread_rwlock_t *__lock);
int pthread_rwlockattr_init(pthread_rwlockattr_t *__attr);
int pthread_rwlockattr_destroy(pthread_rwlockattr_t *__attr);
int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *__restrict __attr, int *__restrict __shared);
int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *__attr, int __shared);

/* ---- The rest ---- */

int pthread_once(pthread_once_t *__once, void (*__routine)(void));

int pthread_key_create(pthread_key_t *__key, void (*__destructor)(void *));
int pthread_key_delete(pthread_key_t __key);
void *pthread_getspecific(pthread_key_t __key);
int pthread_setspecific(pthread_key_t __key, const void *__value);

int pthread_barrier_init(pthread_barrier_t *__restrict __barrier,
                         const pthread_barrierattr_t *__restrict __attr, unsigned __count);
int pthread_barrier_destroy(pthread_barrier_t *__barrier);
int pthread_barrier_wait(pthread_barrier_t *__barrier);
int pthread_barrierattr_init(pthread_barrierattr_t *__attr);
int pthread_barrierattr_destroy(pthread_barrierattr_t *__attr);
int pthread_barrierattr_getpshared(const pthread_barrierattr_t *__restrict __attr, int *__restrict __shared);
int pthread_barrierattr_setpshared(pthread_barrierattr_t *__attr, int __shared);

int pthread_spin_init(pthread_spinlock_t *__lock, int __shared);
int pthread_spin_destroy(pthread_spinlock_t *__lock);
int pthread_spin_lock(pthread_spinlock_t *__lock);
int pthread_spin_trylock(pthread_spinlock_t *__lock);
int pthread_spin_unlock(pthread_spinlock_t *__lock);

#ifdef __cplusplus
}
#endif
