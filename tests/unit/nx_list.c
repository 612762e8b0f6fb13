/* SPDX-License-Identifier: BSD-2-Clause */
/* nx_list.c: what is listed is taken once, oldest first, and the list has an end (SPEC C10-5, C10-7). */
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "nx.h"

static struct nx nx;
static struct tdp_root *const root_a = (struct tdp_root *)0x1000, *const root_b = (struct tdp_root *)0x2000;

static int setup(void **state)
{
    (void)state;
    nx = (struct nx){.on = true};
    return 0;
}

/* As tdp_link() does. */
static bool list(struct tdp_root *root, gfn_t gfn)
{
    if (!nx_reserve(&nx))
        return false;
    nx_list(&nx, root, gfn);
    return true;
}

static void expect_next(struct tdp_root *root, u64 gfn)
{
    struct nx_table out;

    assert_true(nx_take(&nx, &out));
    assert_ptr_equal(out.root, root);
    assert_int_equal(out.gfn.v, gfn);
}

static void expect_empty(void)
{
    struct nx_table out;

    assert_false(nx_take(&nx, &out));
    assert_int_equal(nx.listed, 0);
}

static void oldest_first(void **state)
{
    (void)state;
    expect_empty();
    for (u64 i = 1; i <= 5; i++)
        assert_true(list(root_a, (gfn_t){i * 512}));
    assert_int_equal(nx.listed, 5);
    assert_int_equal(nx.splits, 5);
    for (u64 i = 1; i <= 5; i++)
        expect_next(root_a, i * 512);
    expect_empty();
}

static void taken_off_anywhere(void **state)
{
    (void)state;
    for (u64 i = 0; i < 6; i++)
        assert_true(list(root_a, (gfn_t){i * 512}));
    nx_unlist(&nx, root_a, (gfn_t){0});        /* the oldest */
    nx_unlist(&nx, root_a, (gfn_t){3 * 512});  /* in the middle */
    nx_unlist(&nx, root_a, (gfn_t){5 * 512});  /* the newest */
    nx_unlist(&nx, root_a, (gfn_t){5 * 512});  /* again */
    nx_unlist(&nx, root_a, (gfn_t){99 * 512}); /* never listed */
    assert_int_equal(nx.listed, 3);
    assert_true(list(root_a, (gfn_t){7 * 512}));
    expect_next(root_a, 1 * 512);
    expect_next(root_a, 2 * 512);
    expect_next(root_a, 4 * 512);
    expect_next(root_a, 7 * 512);
    expect_empty();
}

/* H-C-39: one gfn in two roots are two tables. */
static void roots_are_told_apart(void **state)
{
    (void)state;
    assert_true(list(root_a, (gfn_t){512}));
    assert_true(list(root_b, (gfn_t){512}));
    nx_unlist(&nx, root_a, (gfn_t){512});
    expect_next(root_b, 512);
    expect_empty();
}

/* The table that goes first is the one that was listed first, also when its gfn was listed, taken off and listed. */
static void listed_again(void **state)
{
    (void)state;
    assert_true(list(root_a, (gfn_t){512}));
    assert_true(list(root_a, (gfn_t){1024}));
    nx_unlist(&nx, root_a, (gfn_t){512});
    assert_true(list(root_a, (gfn_t){512}));
    expect_next(root_a, 1024);
    expect_next(root_a, 512);
    expect_empty();
}

/* NX_LISTED_MAX: refused and counted; a place taken off makes room, whether at the end or in the middle. */
static void bound(void **state)
{
    (void)state;
    for (u64 i = 0; i < NX_LISTED_MAX; i++)
        assert_true(list(root_a, (gfn_t){i * 512}));
    assert_false(list(root_a, (gfn_t){512 * NX_LISTED_MAX}));
    assert_int_equal(nx.unlisted, 1);
    assert_int_equal(nx.listed, NX_LISTED_MAX);
    nx_unlist(&nx, root_a, (gfn_t){0});
    assert_true(list(root_a, (gfn_t){1}));
    assert_false(list(root_a, (gfn_t){2}));
    nx_unlist(&nx, root_a, (gfn_t){17 * 512});
    assert_true(list(root_a, (gfn_t){2}));
    for (u64 i = 1; i < NX_LISTED_MAX; i++)
        if (i != 17)
            expect_next(root_a, i * 512);
    expect_next(root_a, 1);
    expect_next(root_a, 2);
    expect_empty();
}

/* Round and round the ring, with one that is never taken. */
static void churn(void **state)
{
    (void)state;
    assert_true(list(root_b, (gfn_t){0}));
    for (u64 i = 0; i < NX_LISTED_MAX + 9; i++) {
        assert_true(list(root_a, (gfn_t){i * 512}));
        nx_unlist(&nx, root_a, (gfn_t){i * 512});
        assert_int_equal(nx.listed, 1);
    }
    expect_next(root_b, 0);
    expect_empty();
}

/* C10-7: an unlinker and the worker: one of them, never both. */
#define ROUNDS 1000

static void *worker(void *unused)
{
    struct nx_table out;

    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++)
        (void)!nx_take(&nx, &out);
    return NULL;
}

static void two_cpus(void **state)
{
    pthread_t thread;

    (void)state;
    pthread_create(&thread, NULL, worker, NULL);
    for (u64 i = 0; i < ROUNDS; i++)
        if (list(root_a, (gfn_t){i * 512}) && i % 8)
            nx_unlist(&nx, root_a, (gfn_t){i * 512});
    pthread_join(thread, NULL);
    worker(NULL);
    expect_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(oldest_first, setup),
        cmocka_unit_test_setup(taken_off_anywhere, setup),
        cmocka_unit_test_setup(roots_are_told_apart, setup),
        cmocka_unit_test_setup(listed_again, setup),
        cmocka_unit_test_setup(bound, setup),
        cmocka_unit_test_setup(churn, setup),
        cmocka_unit_test_setup(two_cpus, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
