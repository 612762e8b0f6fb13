/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread.c: the life of a POSIX thread: a slot in a table around a thread of the kernel.
 *
 * A pthread_t is the slot's number and how often it has been used, so that one of a thread that is no more is known as
 * such (ESRCH). main(), and a thread that thread_create() made, get a slot when they first ask who they are; theirs is
 * never given back.
 */
#include "guest.h"
#include "pthread_exit.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUMP_WORDS 5 /* what __builtin_setjmp() wants */

enum slot_state { SLOT_FREE, SLOT_RUNS, SLOT_OVER };

static struct slot {
    enum slot_state state; /* this and the next four: under the guard */
    bool detached, joined; /* joined: somebody is about to */
    bool adopted;          /* no pthread_create() made it */
    u64 uses;
    struct thread *thread;
    void *(*start)(void *);
    void *arg, *result;
    void *way_out[JUMP_WORDS];
    sigset_t blocked; /* at first, as its maker had it */
    char name[THREAD_NAME_MAX];
} slots[PTHREAD_THREADS_MAX];

_Static_assert(PTHREAD_THREADS_MAX == MAX_THREADS, "a slot for each");

static struct mutex guard;
static struct cond over; /* one that was adopted, or the last of those that were not */
static unsigned running; /* threads that pthread_create() made; under the guard */
static _Thread_local struct slot *own;

void (*pthread_run_destructors)(void);
void (*pthread_run_cleanups)(void);

static pthread_t name_of(const struct slot *s)
{
    return s->uses * PTHREAD_THREADS_MAX + (pthread_t)(s - slots);
}

/* The guard is held; NULL if there is no such thread. */
static struct slot *slot_of(pthread_t t)
{
    struct slot *s = &slots[t % PTHREAD_THREADS_MAX];

    return s->state != SLOT_FREE && name_of(s) == t ? s : NULL;
}

static struct slot *claim(void)
{
    struct slot *s = NULL;

    mutex_lock(&guard);
    for (unsigned i = 0; i < PTHREAD_THREADS_MAX && !s; i++)
        if (slots[i].state == SLOT_FREE) {
            s = &slots[i];
            *s = (struct slot){.state = SLOT_RUNS, .uses = s->uses + 1};
        }
    mutex_unlock(&guard);
    return s;
}

static void release(struct slot *s)
{
    mutex_lock(&guard);
    s->state = SLOT_FREE;
    mutex_unlock(&guard);
}

static struct slot *self(void)
{
    if (own)
        return own;
    own = claim();
    if (!own)
        abort();
    own->adopted = true;
    own->thread = thread_self();
    return own;
}

pthread_t pthread_self(void)
{
    return name_of(self());
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

/* What is left to do for a thread that is over. */
static void finish(struct slot *s)
{
    if (pthread_run_destructors)
        pthread_run_destructors();
    mutex_lock(&guard);
    s->state = s->detached ? SLOT_FREE : SLOT_OVER;
    running -= !s->adopted;
    if (s->adopted || !running)
        cond_broadcast(&over);
    mutex_unlock(&guard);
}

static void body(void *slot)
{
    struct slot *s = slot;

    own = s;
    s->thread = thread_self();
    pthread_sigmask(SIG_SETMASK, &s->blocked, NULL);
    if (!__builtin_setjmp(s->way_out))
        s->result = s->start(s->arg);
    finish(own);
}

int pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    struct slot *s = claim();
    struct thread_attr as = {.stack_bytes = attr ? attr->__stack : 0, .detached = attr && attr->__detach};
    struct thread *made;

    if (!s)
        return EAGAIN;
    s->detached = as.detached;
    s->start = start;
    s->arg = arg;
    pthread_sigmask(SIG_BLOCK, NULL, &s->blocked);
    *t = name_of(s);
    mutex_lock(&guard);
    made = s->thread = thread_create_as(&as, body, s); /* it cannot end before the guard is free */
    if (made)
        running++;
    else
        s->state = SLOT_FREE;
    mutex_unlock(&guard);
    return made ? 0 : EAGAIN;
}

/* The guard is held: waits until an adopted thread has called pthread_exit(). */
static void await_adopted(struct slot *s)
{
    while (s->state != SLOT_OVER)
        cond_wait(&over, &guard);
}

/* Takes the thread for the caller alone, who joins or detaches it. */
static int take(pthread_t t, bool to_join, struct slot **out)
{
    struct slot *s = slot_of(t);

    if (!s)
        return ESRCH;
    if (s->detached || s->joined)
        return EINVAL;
    if (to_join && s == own)
        return EDEADLK;
    *out = s;
    return 0;
}

int pthread_join(pthread_t t, void **result)
{
    struct slot *s;
    int error;

    mutex_lock(&guard);
    error = take(t, true, &s);
    if (!error) {
        s->joined = true;
        if (s->adopted)
            await_adopted(s);
    }
    mutex_unlock(&guard);
    if (error)
        return error;
    if (!s->adopted)
        thread_join(s->thread);
    if (result)
        *result = s->result;
    if (!s->adopted)
        release(s);
    return 0;
}

/* The slot goes with the thread, or now if that is over. */
int pthread_detach(pthread_t t)
{
    struct thread *thread = NULL;
    struct slot *s;
    int error;

    mutex_lock(&guard);
    error = take(t, false, &s);
    if (!error) {
        s->detached = true;
        if (!s->adopted)
            thread = s->thread;
        if (s->state == SLOT_OVER && !s->adopted)
            s->state = SLOT_FREE;
    }
    mutex_unlock(&guard);
    if (thread)
        thread_detach(thread);
    return error;
}

/* The program ends with its last thread, main() counted only as long as it runs (XSH pthread_exit). */
static _Noreturn void exit_adopted(struct slot *s)
{
    finish(s);
    if (thread_number(thread_self()) != 0)
        thread_exit();
    mutex_lock(&guard);
    while (running)
        cond_wait(&over, &guard);
    mutex_unlock(&guard);
    exit(0);
}

void pthread_exit(void *result)
{
    struct slot *s = self();

    s->result = result;
    if (pthread_run_cleanups)
        pthread_run_cleanups();
    if (s->adopted)
        exit_adopted(s);
    __builtin_longjmp(s->way_out, 1);
}

int pthread_setname_np(pthread_t t, const char *name)
{
    struct slot *s;

    if (strlen(name) >= THREAD_NAME_MAX)
        return ERANGE;
    mutex_lock(&guard);
    s = slot_of(t);
    if (s)
        strcpy(s->name, name);
    mutex_unlock(&guard);
    return s ? 0 : ESRCH;
}

int pthread_getname_np(pthread_t t, char *name, size_t bytes)
{
    struct slot *s;
    int error = ESRCH;

    mutex_lock(&guard);
    s = slot_of(t);
    if (s)
        error = snprintf(name, bytes, "%s", s->name) < (int)bytes ? 0 : ERANGE;
    mutex_unlock(&guard);
    return error;
}

int pthread_is(pthread_t t)
{
    bool is;

    mutex_lock(&guard);
    is = slot_of(t);
    mutex_unlock(&guard);
    return is ? 0 : ESRCH;
}
