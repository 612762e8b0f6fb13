/* SPDX-License-Identifier: BSD-2-Clause */
/* framepool.c: pages lie at their places in reserved blocks; each frame has one user; what was taken is given back. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include "fake/machine.h"
#include "framepool.h"

#define LOOSE  40u
#define BLOCKS 3u
#define COUNT  (BLOCKS * BLOCK_PAGES + LOOSE)
#define ROUNDS 20000

static struct framepool pool;

static gfn_t gfn_of(u64 block, u64 at)
{
    return (gfn_t){block * BLOCK_PAGES + at};
}

static u32 get(u64 block, u64 at)
{
    return framepool_get(&pool, gfn_of(block, at));
}

static u32 block_of(u32 index)
{
    assert_int_not_equal(index, FRAME_NONE);
    return index / BLOCK_PAGES;
}

static int setup(void **state)
{
    fake_setup(state);
    return framepool_init(&pool, COUNT) ? 0 : -1;
}

static int teardown(void **state)
{
    framepool_destroy(&pool);
    return fake_teardown(state);
}

static void each_frame_once(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        static bool out[COUNT];

        for (unsigned i = 0; i < COUNT; i++) {
            u32 f = framepool_get(&pool, (gfn_t){i * 77});

            assert_true(f < COUNT);
            assert_false(out[f]);
            out[f] = true;
            assert_int_equal(pool.free, COUNT - 1 - i);
        }
        assert_int_equal(get(0, 0), FRAME_NONE);
        assert_int_equal(framepool_get_home(&pool, gfn_of(0, 0)), FRAME_NONE);
        for (u32 f = 0; f < COUNT; f++) {
            framepool_put(&pool, f);
            out[f] = false;
        }
        assert_int_equal(pool.free, COUNT);
    }
}

/* Pages that come in any order lie as in the guest; another block of the guest's gets another block. */
static void pages_lie_side_by_side(void **state)
{
    u32 a = get(8, 500), b = get(5, 3);
    pfn_t first;

    (void)state;
    assert_int_not_equal(block_of(a), block_of(b));
    assert_int_equal(a % BLOCK_PAGES, 500);
    assert_int_equal(b % BLOCK_PAGES, 3);
    for (unsigned i = 0; i < BLOCK_PAGES; i++) {
        u64 at = i * 5 % BLOCK_PAGES; /* each once */

        assert_false(framepool_whole(&pool, gfn_of(8, 0), &first));
        if (at != 500)
            assert_int_equal(get(8, at), a - 500 + at);
    }
    assert_true(framepool_whole(&pool, gfn_of(8, 77), &first));
    assert_int_equal(first.v % BLOCK_PAGES, 0);
    assert_int_equal(first.v + 500, framepool_pfn(&pool, a).v);
    assert_false(framepool_whole(&pool, gfn_of(5, 3), &first));
    assert_false(framepool_whole(&pool, gfn_of(9, 0), &first));
}

/* Each is found, and still is when another one has gone. */
static void reservations_of_one_bucket(void **state)
{
    u32 f[BLOCKS];

    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        f[i] = get(1 + i * pool.blocks, 0);
    for (unsigned gone = 0; gone < BLOCKS; gone++) {
        framepool_put(&pool, f[gone]);
        for (unsigned i = 0; i < BLOCKS; i++)
            assert_int_equal(framepool_get_home(&pool, gfn_of(1 + i * pool.blocks, 1 + gone)),
                             i == gone ? FRAME_NONE : f[i] + 1 + gone);
        for (unsigned i = 0; i < BLOCKS; i++)
            if (i != gone)
                framepool_put(&pool, f[i] + 1 + gone);
        assert_int_equal(get(1 + gone * pool.blocks, 0), f[gone]);
    }
}

/* A second frame for a page, as when it migrates, is anybody's: a loose one. */
static void a_place_that_is_taken(void **state)
{
    u32 home = get(1, 9), other = get(1, 9);

    (void)state;
    get(1, 0);
    assert_int_equal(block_of(other), BLOCKS);
    framepool_put(&pool, home);
    assert_int_equal(get(1, 9), home);
}

static void home_only(void **state)
{
    u32 home;

    (void)state;
    assert_int_equal(framepool_get_home(&pool, gfn_of(1, 9)), FRAME_NONE);
    assert_int_equal(pool.free, COUNT);
    home = get(1, 9);
    assert_int_equal(framepool_get_home(&pool, gfn_of(1, 9)), FRAME_NONE);
    assert_int_equal(framepool_get_home(&pool, gfn_of(1, 10)), home + 1);
    framepool_put(&pool, home);
    assert_int_equal(framepool_get_home(&pool, gfn_of(1, 9)), home);
}

/* A block without pages: they find their places when they come; it is only refused when no block is empty. */
static void reserved_beforehand(void **state)
{
    u32 home;

    (void)state;
    assert_true(framepool_reserve(&pool, gfn_of(1, 9)));
    assert_true(framepool_reserve(&pool, gfn_of(1, 500)));
    home = framepool_get_home(&pool, gfn_of(1, 9));
    assert_int_equal(home % BLOCK_PAGES, 9);
    for (u64 i = 2; i <= BLOCKS; i++)
        assert_true(framepool_reserve(&pool, gfn_of(i, 0)));
    assert_false(framepool_reserve(&pool, gfn_of(BLOCKS + 1, 0)));
    assert_true(framepool_reserve(&pool, gfn_of(1, 0)));
    assert_int_equal(pool.free, COUNT - 1);
}

/* Loose frames first; then the oldest reservation is broken, and serves everybody until it is empty again. */
static void breaking_the_oldest(void **state)
{
    u32 f[BLOCKS], other[BLOCK_PAGES];
    pfn_t first;

    (void)state;
    for (u64 i = 0; i < BLOCKS; i++)
        f[i] = get(10 + i, 0);
    for (unsigned i = 0; i < LOOSE; i++)
        assert_int_equal(block_of(get(20, i)), BLOCKS);
    for (unsigned i = 0; i < BLOCK_PAGES - 1; i++)
        assert_int_equal(block_of(other[i] = get(20, LOOSE + i)), block_of(f[0]));
    assert_false(framepool_whole(&pool, gfn_of(10, 0), &first));
    assert_int_equal(get(11, 5), f[1] + 5); /* the others stand */
    assert_int_equal(get(12, 5), f[2] + 5);
    framepool_put(&pool, other[3]);
    framepool_put(&pool, COUNT - 7);
    assert_int_equal(get(20, 511), COUNT - 7);
    assert_int_equal(framepool_get_home(&pool, gfn_of(10, other[3] % BLOCK_PAGES)), FRAME_NONE);
    assert_int_equal(get(20, 511), other[3]); /* rather than another reservation */
    assert_int_equal(block_of(get(20, 510)), block_of(f[1]));
    for (unsigned i = 0; i < BLOCK_PAGES - 1; i++)
        framepool_put(&pool, other[i]);
    framepool_put(&pool, f[0]);
    assert_int_equal(get(20, 3), f[0] + 3); /* reserved for who comes next */
    assert_int_equal(get(20, 4), f[0] + 4);
}

/* A block that is full has nothing to break; it can be again once a frame of it is put. */
static void full_blocks_are_left_alone(void **state)
{
    u32 first = get(1, 0);
    pfn_t base;

    (void)state;
    for (unsigned i = 1; i < BLOCK_PAGES; i++)
        get(1, i);
    for (unsigned i = BLOCK_PAGES; i < COUNT; i++)
        assert_int_not_equal(block_of(get(2 + i / BLOCK_PAGES, i % BLOCK_PAGES)), block_of(first));
    assert_true(framepool_whole(&pool, gfn_of(1, 0), &base));
    framepool_put(&pool, first + 6);
    assert_false(framepool_whole(&pool, gfn_of(1, 0), &base));
    assert_int_equal(get(1, 6), first + 6);
    assert_true(framepool_whole(&pool, gfn_of(1, 0), &base));
    framepool_put(&pool, first + 6);
    assert_int_equal(get(9, 9), first + 6);
    assert_false(framepool_whole(&pool, gfn_of(1, 0), &base));
}

/* The last frame of a reservation ends it: the block is for who comes next. */
static void an_empty_block_is_nobodys(void **state)
{
    u32 f = get(1, 0), g = get(1, 1);

    (void)state;
    get(2, 0);
    get(3, 0);
    framepool_put(&pool, f);
    assert_int_equal(get(4, 0) / BLOCK_PAGES, BLOCKS);
    framepool_put(&pool, g);
    assert_int_equal(framepool_get_home(&pool, gfn_of(1, 0)), FRAME_NONE);
    assert_int_equal(block_of(get(4, 1)), block_of(f));
}

/* No frames side by side: all are loose, no page has a place, and nothing is whole. */
static void no_contiguous_memory(void **state)
{
    pfn_t first;

    (void)state;
    framepool_destroy(&pool);
    fake.scattered = true;
    assert_true(framepool_init(&pool, COUNT));
    assert_int_equal(fake.frames, COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_not_equal(get(i / BLOCK_PAGES, i % BLOCK_PAGES), FRAME_NONE);
    assert_int_equal(get(0, 0), FRAME_NONE);
    assert_false(framepool_whole(&pool, gfn_of(0, 0), &first));
    for (unsigned i = 0; i < COUNT; i++)
        framepool_put(&pool, i);
    get(0, 0);
    assert_int_equal(framepool_get_home(&pool, gfn_of(0, 1)), FRAME_NONE);
}

/* H-C-51: whichever allocation fails, nothing is lost; a block that fails is made of single frames. */
static void every_allocation_fails_once(void **state)
{
    unsigned n = 0, blocks_failed = 0;

    (void)state;
    framepool_destroy(&pool);
    do {
        bool made;

        fake_fail_allocation(++n);
        made = framepool_init(&pool, BLOCK_PAGES + LOOSE);
        blocks_failed += made && pool.block[0].loose;
        assert_int_equal(fake.frames, made ? BLOCK_PAGES + LOOSE : 0);
        assert_int_equal(pool.free, made ? BLOCK_PAGES + LOOSE : 0);
        framepool_destroy(&pool);
        assert_int_equal(fake.frames, 0);
        assert_int_equal(fake.zalloced, 0);
    } while (fake.allocations >= fake.fail_at);
    assert_int_equal(n, 2 + 1 + LOOSE + 1); /* arrays, block, loose frames, none */
    assert_int_equal(blocks_failed, 1);
    fake.scattered = true;
    for (n = 4; n < 3 + BLOCK_PAGES + LOOSE; n += 50) { /* within what stands for the block */
        fake_fail_allocation(n);
        assert_false(framepool_init(&pool, BLOCK_PAGES + LOOSE));
        assert_int_equal(fake.frames, 0);
    }
    fake_fail_allocation(0);
}

static void impossible_sizes(void **state)
{
    (void)state;
    framepool_destroy(&pool);
    assert_false(framepool_init(&pool, 0));
    assert_false(framepool_init(&pool, FRAME_NONE));
    assert_false(framepool_init(&pool, UINT64_MAX));
    assert_int_equal(fake.allocations, 2 + BLOCKS + LOOSE); /* setup's */
}

static void put_panics(u32 index)
{
    expect_assert_failure(framepool_put(&pool, index));
    pool.lock = (struct spinlock){0};
}

static void bad_puts(void **state)
{
    u32 f = get(1, 0), loose = COUNT - 1;

    (void)state;
    put_panics(COUNT);
    put_panics(FRAME_NONE);
    put_panics(f + 1);
    put_panics(loose);
    framepool_put(&pool, f);
    put_panics(f);
}

#define THREADS 2u
static struct {
    u32 wrong, whole;
} seen[THREADS];
static u32 holder[COUNT];

/* Frames for pages all over memory, or of one block which is to become whole, and back. */
static void *take_and_give(void *arg)
{
    u32 me = (u32)(uintptr_t)arg;
    static u32 held[THREADS][BLOCK_PAGES];
    pfn_t first;

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned burst = i % 100 ? 3 : BLOCK_PAGES;
        u64 block = burst == 3 ? i % 7 : me;

        for (unsigned k = 0; k < burst; k++) {
            u32 f = held[me][k] = framepool_get(&pool, gfn_of(block, k));

            seen[me].wrong += f == FRAME_NONE || at_xchg(&holder[f], me + 1) != 0;
        }
        seen[me].whole += framepool_whole(&pool, gfn_of(block, 0), &first);
        for (unsigned k = 0; k < burst; k++) {
            at_store(&holder[held[me][k]], 0);
            framepool_put(&pool, held[me][k]);
        }
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t t[THREADS];

    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, take_and_give, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(seen[i].wrong, 0);
        assert_int_not_equal(seen[i].whole, 0);
    }
    assert_int_equal(pool.free, COUNT);
    for (u64 i = 0; i < BLOCKS; i++)
        assert_int_not_equal(block_of(get(100 + i, 0)), BLOCKS); /* all blocks are empty again */
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(each_frame_once),
        test(pages_lie_side_by_side),
        test(reservations_of_one_bucket),
        test(a_place_that_is_taken),
        test(home_only),
        test(reserved_beforehand),
        test(breaking_the_oldest),
        test(full_blocks_are_left_alone),
        test(an_empty_block_is_nobodys),
        test(no_contiguous_memory),
        test(every_allocation_fails_once),
        test(impossible_sizes),
        test(bad_puts),
        test(threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
