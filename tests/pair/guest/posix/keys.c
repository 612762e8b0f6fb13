/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.c: thread-specific data and its destructors. */
#include "posix.h"
#include <errno.h>
#include <stdbool.h>

static pthread_key_t key, other;
static unsigned destroyed, returns;
static void *last;

static void destroy(void *value)
{
    destroyed++;
    last = value;
}

/* One that never has enough is stopped. */
static void come_back(void *value)
{
    returns++;
    pthread_setspecific(other, value);
}

static void *use(void *arg)
{
    bool empty = !pthread_getspecific(key);

    pthread_setspecific(key, arg);
    return empty && pthread_getspecific(key) == arg ? arg : NULL;
}

static void *use_other(void *arg)
{
    pthread_setspecific(other, arg);
    pthread_exit(NULL);
}

static void *use_deleted(void *arg)
{
    pthread_setspecific(key, arg);
    pthread_key_delete(key);
    return NULL;
}

void test_keys(void)
{
    static pthread_key_t k[PTHREAD_KEYS_MAX];
    unsigned n = 0;

    ok(pthread_key_create(&key, destroy) == 0);
    ok(pthread_getspecific(key) == NULL);
    ok(pthread_setspecific(key, &n) == 0 && pthread_getspecific(key) == &n);
    ok(end(begin(use, &key)) == &key);
    ok(destroyed == 1 && last == &key);
    ok(pthread_getspecific(key) == &n);
    ok(pthread_key_create(&other, come_back) == 0);
    end(begin(use_other, &n));
    ok(returns == PTHREAD_DESTRUCTOR_ITERATIONS);
    ok(pthread_key_delete(other) == 0);
    end(begin(use_deleted, &n));
    ok(destroyed == 1);
    ok(pthread_key_delete(key) == EINVAL && pthread_setspecific(key, &n) == EINVAL);
    while (n < PTHREAD_KEYS_MAX && pthread_key_create(&k[n], NULL) == 0)
        n++;
    ok(n == PTHREAD_KEYS_MAX);
    ok(pthread_key_create(&key, NULL) == EAGAIN);
    ok(pthread_getspecific(k[0]) == NULL); /* what a deleted key had is no new key's */
    while (n)
        pthread_key_delete(k[--n]);
}
