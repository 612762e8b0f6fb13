/* SPDX-License-Identifier: BSD-2-Clause */
/* threads.c: how threads begin and end. */
#include "posix.h"
#include "lib/atomic.h"
#include <errno.h>
#include <string.h>

#define BIG_STACK (1024 * 1024)

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opens = PTHREAD_COND_INITIALIZER;
static unsigned seen;
static bool open;
static pthread_t me;

static void *give_back(void *arg)
{
    return arg;
}

static void *leave(void *arg)
{
    pthread_exit(arg);
}

static void *stay(void *arg)
{
    at_add(&seen, 1);
    pthread_mutex_lock(&gate);
    while (!open)
        pthread_cond_wait(&opens, &gate);
    pthread_mutex_unlock(&gate);
    return arg;
}

/* Those that stay() may go, or may not from now on. */
static void set_gate(bool to)
{
    pthread_mutex_lock(&gate);
    open = to;
    pthread_cond_broadcast(&opens);
    pthread_mutex_unlock(&gate);
}

static void *who(void *arg)
{
    *(pthread_t *)arg = pthread_self();
    return NULL;
}

static void *join_first(void *arg)
{
    (void)arg;
    return (void *)(long)pthread_join(me, NULL);
}

/* A frame that no usual stack has room for. */
static void *deep(void *arg)
{
    volatile char frame[BIG_STACK / 2];

    for (unsigned i = 0; i < sizeof(frame); i += 512)
        frame[i] = 1;
    return frame[sizeof(frame) - 512] ? arg : NULL;
}

static unsigned cleaned;

static void clean(void *arg)
{
    cleaned = cleaned * 10 + (unsigned)(long)arg;
}

static void *leave_untidily(void *arg)
{
    pthread_cleanup_push(clean, (void *)1);
    pthread_cleanup_push(clean, (void *)2);
    pthread_cleanup_push(clean, (void *)3);
    pthread_cleanup_pop(1);
    if (!arg)
        pthread_exit(NULL);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

static void ends(void)
{
    pthread_t t, other, seen_by_itself = 0;
    void *value;

    ok(end(begin(give_back, &gate)) == &gate);
    ok(end(begin(leave, &seen)) == &seen);
    t = begin(who, &seen_by_itself);
    end(t);
    ok(pthread_equal(t, seen_by_itself));
    ok(!pthread_equal(t, pthread_self()));
    ok(pthread_join(t, &value) == ESRCH);
    ok(pthread_detach(t) == ESRCH);
    ok(pthread_kill(t, 0) == ESRCH);
    ok(pthread_kill(pthread_self(), 0) == 0);
    ok(pthread_join(pthread_self(), NULL) == EDEADLK);
    other = begin(stay, NULL); /* in the first one's place, but not it */
    ok(pthread_kill(t, 0) == ESRCH && pthread_join(t, NULL) == ESRCH);
    set_gate(true);
    end(other);
    ok(pthread_cancel(pthread_self()) == ENOSYS);
    end(begin(leave_untidily, NULL));
    ok(cleaned == 321);
}

static void detached(void)
{
    pthread_attr_t attr;
    pthread_t t;
    int state;

    set_gate(false);
    at_store(&seen, 0);
    pthread_attr_init(&attr);
    ok(pthread_attr_getdetachstate(&attr, &state) == 0 && state == PTHREAD_CREATE_JOINABLE);
    ok(pthread_attr_setdetachstate(&attr, 7) == EINVAL);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    ok(pthread_create(&t, &attr, stay, NULL) == 0);
    await(&seen, 1);
    ok(pthread_join(t, NULL) == EINVAL);
    set_gate(true);
    while (pthread_kill(t, 0) == 0)
        sched_yield();
    set_gate(false);
    t = begin(stay, NULL);
    ok(pthread_detach(t) == 0);
    ok(pthread_detach(t) == EINVAL);
    set_gate(true);
    while (pthread_kill(t, 0) == 0)
        sched_yield();
    t = begin(give_back, NULL);
    while (pthread_detach(t) == 0)
        ;
    ok(pthread_detach(t) == ESRCH || pthread_detach(t) == EINVAL);
}

static void stacks(void)
{
    pthread_attr_t attr;
    size_t bytes = 0;
    pthread_t t;
    void *value = NULL;

    pthread_attr_init(&attr);
    ok(pthread_attr_getstacksize(&attr, &bytes) == 0 && bytes >= PTHREAD_STACK_MIN);
    ok(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN - 1) == EINVAL);
    ok(pthread_attr_setstacksize(&attr, BIG_STACK) == 0);
    ok(pthread_create(&t, &attr, deep, &gate) == 0);
    ok(pthread_join(t, &value) == 0 && value == &gate);
    ok(pthread_attr_setschedpolicy(&attr, SCHED_FIFO) == ENOTSUP);
}

static unsigned many(void)
{
    static pthread_t t[PTHREAD_THREADS_MAX];
    unsigned n = 0;

    set_gate(false);
    while (n < PTHREAD_THREADS_MAX && pthread_create(&t[n], NULL, stay, NULL) == 0)
        n++;
    set_gate(true);
    for (unsigned i = 0; i < n; i++)
        end(t[i]);
    return n;
}

static void names(void)
{
    char name[16];

    ok(pthread_setname_np(pthread_self(), "sixteen letters!") == ERANGE);
    ok(pthread_setname_np(pthread_self(), "first") == 0);
    ok(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0 && !strcmp(name, "first"));
    ok(pthread_getname_np(pthread_self(), name, 5) == ERANGE);
}

void test_threads(void)
{
    unsigned first, again;

    me = pthread_self();
    ends();
    detached();
    stacks();
    names();
    first = many();
    again = many();
    ok(first > 30 && first < PTHREAD_THREADS_MAX);
    ok(first == again);
    pthread_detach(begin(join_first, NULL)); /* waits for main() for good */
}
