/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread_key.c: thread-specific data.
 *
 * A key that is deleted and made again has another age: what threads stored by the former one counts as NULL.
 */
#include "guest.h"
#include "lib/atomic.h"
#include "pthread_exit.h"
#include <errno.h>

static struct {
    u32 age; /* odd = it exists */
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];
static struct mutex guard;

static _Thread_local struct {
    u32 age;
    void *value;
} values[PTHREAD_KEYS_MAX];

/* Takes the value of key k out; NULL if there is none that is to be destroyed. */
static void *take(pthread_key_t k, void (**destructor)(void *))
{
    void *value = NULL;

    mutex_lock(&guard);
    if (values[k].age == keys[k].age && keys[k].destructor) {
        value = values[k].value;
        *destructor = keys[k].destructor;
    }
    mutex_unlock(&guard);
    if (value)
        values[k].value = NULL;
    return value;
}

/* A destructor may store values again; that is looked after so often (XSH pthread_key_create). */
static void run_destructors(void)
{
    bool more = true;

    for (unsigned round = 0; more && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
        more = false;
        for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX; k++) {
            void (*destructor)(void *);
            void *value = values[k].value ? take(k, &destructor) : NULL;

            if (value) {
                more = true;
                destructor(value);
            }
        }
    }
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int error = EAGAIN;

    mutex_lock(&guard);
    for (pthread_key_t k = 0; k < PTHREAD_KEYS_MAX && error; k++)
        if (!(keys[k].age & 1)) {
            keys[k].destructor = destructor;
            at_store_rel(&keys[k].age, keys[k].age + 1);
            *key = k;
            error = 0;
        }
    pthread_run_destructors = run_destructors;
    mutex_unlock(&guard);
    return error;
}

static bool exists(pthread_key_t k)
{
    return k < PTHREAD_KEYS_MAX && at_load(&keys[k].age) & 1;
}

int pthread_key_delete(pthread_key_t k)
{
    int error = EINVAL;

    mutex_lock(&guard);
    if (exists(k)) {
        at_store(&keys[k].age, keys[k].age + 1);
        error = 0;
    }
    mutex_unlock(&guard);
    return error;
}

void *pthread_getspecific(pthread_key_t k)
{
    return exists(k) && values[k].age == at_load(&keys[k].age) ? values[k].value : NULL;
}

int pthread_setspecific(pthread_key_t k, const void *value)
{
    if (!exists(k))
        return EINVAL;
    values[k].age = at_load(&keys[k].age);
    values[k].value = (void *)value;
    return 0;
}
