/* SPDX-License-Identifier: BSD-2-Clause */
/* inv.c: the invalidation protocol step by step: what a fault sees before, in and after brackets (SPEC B, H-B). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "inv.h"

static struct inv inv;

static int setup(void **state)
{
    (void)state;
    inv_init(&inv);
    return 0;
}

static gfn_t g(u64 v)
{
    return (gfn_t){v};
}

static void start(u64 from, u64 to)
{
    inv_start(&inv);
    assert_int_equal(inv_range_add(&inv, g(from), g(to)), INV_OK);
}

static void quiet_means_go(void **state)
{
    (void)state;
    assert_false(inv_retry(&inv, inv_snapshot(&inv), g(7)));
}

/* B3-2: inside the hull retry, outside go on. */
static void open_bracket(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(10, 20);
    assert_false(inv_retry(&inv, seq, g(9)));
    assert_true(inv_retry(&inv, seq, g(10)));
    assert_true(inv_retry(&inv, seq, g(19)));
    assert_false(inv_retry(&inv, seq, g(20)));
    /* A snapshot taken inside the bracket does not help. */
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(10)));
}

/* B2-7: after the end every older snapshot is stale, for every gfn; a new one is not. */
static void ended_bracket(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(10, 20);
    u64 inside = inv_snapshot(&inv);
    assert_int_equal(inv_end(&inv), INV_OK);
    assert_true(inv_retry(&inv, seq, g(500)));
    assert_true(inv_retry(&inv, inside, g(10)));
    assert_false(inv_retry(&inv, inv_snapshot(&inv), g(10)));
}

/* B3-3, H-B-4: seq counts also while another bracket is open elsewhere. */
static void seq_is_compared_in_progress(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(10, 20);
    start(100, 200);
    assert_int_equal(inv_end(&inv), INV_OK);
    assert_true(inv_retry(&inv, seq, g(5)));
}

/* B2-2, H-B-5: the hull covers all ranges of unfinished brackets, whatever the order of their ends (B2-10). */
static void hull_of_overlapping_brackets(void **state)
{
    u64 now;

    (void)state;
    start(100, 110);
    start(50, 60);
    assert_int_equal(inv_range_add(&inv, g(200), g(201)), INV_OK);
    assert_int_equal(inv.start, 50);
    assert_int_equal(inv.end, 201);
    assert_int_equal(inv_end(&inv), INV_OK);
    now = inv_snapshot(&inv);
    assert_true(inv_retry(&inv, now, g(55))); /* the hull is not shrunk while one is open */
    assert_int_equal(inv_end(&inv), INV_OK);
    now = inv_snapshot(&inv);
    assert_false(inv_retry(&inv, now, g(55)));
    start(1, 2); /* and starts anew with the next first one */
    assert_int_equal(inv.start, 1);
    assert_int_equal(inv.end, 2);
}

/* B2-3, B6-5: a bracket whose range is not known yet turns everybody away. */
static void no_range_yet(void **state)
{
    (void)state;
    inv_start(&inv);
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(0)));
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(~0ull)));
}

/* H-B-7: the end of what never started. */
static void end_without_start(void **state)
{
    (void)state;
    assert_int_equal(inv_end(&inv), INV_UNDERFLOW);
    assert_int_equal(inv.in_progress, -1);
}

/* H-B-7, H-B-8: a single bracket without a range is reported, although nothing is in progress by then. */
static void end_without_range(void **state)
{
    (void)state;
    inv_start(&inv);
    assert_int_equal(inv_end(&inv), INV_NO_RANGE);
    start(3, 4);
    assert_int_equal(inv_end(&inv), INV_OK);
    inv_start(&inv);
    assert_int_equal(inv_end(&inv), INV_NO_RANGE); /* the hull of the last one does not hide it */
}

/* B6-3, B6-4 */
static void bad_ranges_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(inv_range_add(&inv, g(1), g(2)), INV_NO_BRACKET);
    start(10, 20);
    assert_int_equal(inv_range_add(&inv, g(5), g(5)), INV_EMPTY_RANGE);
    assert_int_equal(inv_range_add(&inv, g(6), g(5)), INV_EMPTY_RANGE);
    assert_int_equal(inv.start, 10);
    assert_int_equal(inv.end, 20);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        test(quiet_means_go),
        test(open_bracket),
        test(ended_bracket),
        test(no_range_yet),
        test(end_without_start),
        test(seq_is_compared_in_progress),
        test(end_without_range),
        test(hull_of_overlapping_brackets),
        test(bad_ranges_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
