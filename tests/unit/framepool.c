/* SPDX-License-Identifier: BSD-2-Clause */
/* framepool.c: the pool hands out each frame once, counts right, survives threads and gives back what it took. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include "fake/machine.h"
#include "framepool.h"
#include "lib/atomic.h"

#define COUNT   40u
#define THREADS 4
#define ROUNDS  20000

static struct framepool pool;

static void each_frame_once(void **state)
{
    bool out[COUNT] = {false};

    (void)state;
    assert_true(framepool_init(&pool, COUNT));
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT; i++) {
            u32 f = framepool_get(&pool);

            assert_true(f < COUNT);
            assert_false(out[f]);
            out[f] = true;
            assert_int_equal(pool.free, COUNT - 1 - i);
        }
        assert_int_equal(framepool_get(&pool), FRAME_NONE);
        for (u32 f = 0; f < COUNT; f++) {
            pool.frame[f].owner = 7;
            framepool_put(&pool, f);
            assert_int_equal(pool.frame[f].owner, 0);
            out[f] = false;
        }
        assert_int_equal(pool.free, COUNT);
    }
    framepool_destroy(&pool);
}

/* H-C-51: whichever allocation fails, nothing is lost. */
static void every_allocation_fails_once(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= COUNT + 1; n++) {
        fake_fail_allocation(n);
        assert_false(framepool_init(&pool, COUNT));
        assert_int_equal(fake.frames, 0);
        assert_int_equal(fake.zalloced, 0);
    }
    fake_fail_allocation(0);
    assert_true(framepool_init(&pool, COUNT));
    framepool_destroy(&pool);
    assert_false(framepool_init(&pool, FRAME_NONE));
}

static u32 holder[COUNT];

static void *take_and_give(void *arg)
{
    u32 me = (u32)(uintptr_t)arg + 1;

    for (unsigned i = 0; i < ROUNDS; i++) {
        u32 f[3];

        for (unsigned k = 0; k < 3; k++)
            if ((f[k] = framepool_get(&pool)) != FRAME_NONE && at_xchg(&holder[f[k]], me) != 0)
                return "a frame was handed out twice";
        for (unsigned k = 0; k < 3; k++)
            if (f[k] != FRAME_NONE) {
                at_store(&holder[f[k]], 0);
                framepool_put(&pool, f[k]);
            }
    }
    return NULL;
}

/* More frames wanted than there are, by all at once: the tag keeps a stale head from being taken. */
static void threads(void **state)
{
    pthread_t t[THREADS];

    (void)state;
    assert_true(framepool_init(&pool, 2 * THREADS));
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, take_and_give, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *complaint;

        pthread_join(t[i], &complaint);
        assert_null(complaint);
    }
    assert_int_equal(pool.free, 2 * THREADS);
    for (unsigned i = 0; i < 2 * THREADS; i++)
        assert_int_not_equal(framepool_get(&pool), FRAME_NONE);
    assert_int_equal(framepool_get(&pool), FRAME_NONE);
    framepool_destroy(&pool);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {test(each_frame_once), test(every_allocation_fails_once),
                                       test(threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
