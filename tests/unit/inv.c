/* SPDX-License-Identifier: BSD-2-Clause */
/* inv.c: the invalidation protocol step by step: what a fault sees before, in and after brackets (SPEC B, H-B). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "inv.h"
#include <pthread.h>

static struct inv inv;
static struct inv_bracket a, b;

static int setup(void **state)
{
    (void)state;
    inv_init(&inv);
    a = b = (struct inv_bracket){.who = "test"};
    return 0;
}

static gfn_t g(u64 v)
{
    return (gfn_t){v};
}

static void start(struct inv_bracket *k, u64 from, u64 to)
{
    inv_enter(&inv, k);
    inv_start(&inv, k);
    assert_int_equal(inv_range_add(&inv, k, g(from), g(to)), INV_OK);
}

static enum inv_bug end(struct inv_bracket *k)
{
    enum inv_bug bug = inv_end(&inv, k);

    assert_int_equal(inv_leave(&inv, k), INV_OK);
    return bug;
}

static void quiet_means_go(void **state)
{
    (void)state;
    assert_false(inv_retry(&inv, inv_snapshot(&inv), g(7)));
    assert_false(inv_retry_unlocked(&inv, inv_snapshot(&inv), g(7)));
}

/* B3-2: inside the hull retry, outside go on. */
static void open_bracket(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(&a, 10, 20);
    assert_false(inv_retry(&inv, seq, g(9)));
    assert_true(inv_retry(&inv, seq, g(10)));
    assert_true(inv_retry(&inv, seq, g(19)));
    assert_false(inv_retry(&inv, seq, g(20)));
    assert_true(inv_retry_unlocked(&inv, seq, g(19)));
    assert_false(inv_retry_unlocked(&inv, seq, g(20)));
    /* A snapshot taken inside the bracket does not help. */
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(10)));
}

/* B3-10: a block is stale if any gfn of it is. */
static void whole_blocks(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(&a, 512 + 511, 1024 + 1);
    assert_false(inv_retry_range(&inv, seq, g(0), g(512)));
    assert_true(inv_retry_range(&inv, seq, g(512), g(1024)));
    assert_true(inv_retry_range(&inv, seq, g(1024), g(1536)));
    assert_false(inv_retry_range(&inv, seq, g(1536), g(2048)));
    assert_true(inv_retry_range(&inv, seq, g(0), g(1 << 18))); /* the bracket lies inside */
    assert_false(inv_retry(&inv, seq, g(512)));
    assert_int_equal(end(&a), INV_OK);
    assert_true(inv_retry_range(&inv, seq, g(1536), g(2048)));
}

/* B2-7: after the end every older snapshot is stale, for every gfn; a new one is not. */
static void ended_bracket(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(&a, 10, 20);
    u64 inside = inv_snapshot(&inv);
    assert_int_equal(end(&a), INV_OK);
    assert_true(inv_retry(&inv, seq, g(500)));
    assert_true(inv_retry_unlocked(&inv, seq, g(500)));
    assert_true(inv_retry(&inv, inside, g(10)));
    assert_false(inv_retry(&inv, inv_snapshot(&inv), g(10)));
}

/* B3-3, H-B-4: seq counts also while another bracket is open elsewhere. */
static void seq_is_compared_in_progress(void **state)
{
    u64 seq = inv_snapshot(&inv);

    (void)state;
    start(&a, 10, 20);
    start(&b, 100, 200);
    assert_int_equal(end(&a), INV_OK); /* they end in any order (B2-10) */
    assert_true(inv_retry(&inv, seq, g(5)));
}

/* B2-2, H-B-5: the hull covers all ranges of unfinished brackets, whatever the order of their ends (B2-10). */
static void hull_of_overlapping_brackets(void **state)
{
    u64 now;

    (void)state;
    start(&a, 100, 110);
    start(&b, 50, 60);
    assert_int_equal(inv_range_add(&inv, &b, g(200), g(201)), INV_OK);
    assert_int_equal(inv.start, 50);
    assert_int_equal(inv.end, 201);
    assert_int_equal(end(&b), INV_OK);
    now = inv_snapshot(&inv);
    assert_true(inv_retry(&inv, now, g(55))); /* the hull is not shrunk while one is open */
    assert_int_equal(end(&a), INV_OK);
    now = inv_snapshot(&inv);
    assert_false(inv_retry(&inv, now, g(55)));
    start(&a, 1, 2); /* and starts anew with the next first one */
    assert_int_equal(inv.start, 1);
    assert_int_equal(inv.end, 2);
}

/* B2-3, B6-5: a bracket whose range is not known yet turns everybody away, and that is noted. */
static void no_range_yet(void **state)
{
    (void)state;
    start(&a, 1, 2);
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(1)));
    assert_int_equal(end(&a), INV_OK);
    assert_int_equal(inv.no_hull, 0);
    inv_enter(&inv, &a);
    inv_start(&inv, &a);
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(0)));
    assert_true(inv_retry(&inv, inv_snapshot(&inv), g(~0ull - 1)));
    assert_int_equal(inv.no_hull, 1);
}

/* H-B-7: the end of what never started; also when the count of others hides it. */
static void end_without_start(void **state)
{
    (void)state;
    assert_int_equal(inv_end(&inv, &a), INV_UNDERFLOW);
    assert_int_equal(inv.in_progress, -1);
    inv_init(&inv);
    start(&b, 1, 2);
    assert_int_equal(inv_end(&inv, &a), INV_UNDERFLOW);
    inv_init(&inv);
    start(&b, 1, 2);
    assert_int_equal(inv_end(&inv, &b), INV_OK);
    start(&a, 1, 2);
    assert_int_equal(inv_end(&inv, &b), INV_UNDERFLOW); /* ended twice */
}

/* H-B-7, H-B-8: a single bracket without a range is reported, although nothing is in progress by then. */
static void end_without_range(void **state)
{
    (void)state;
    inv_enter(&inv, &a);
    inv_start(&inv, &a);
    assert_int_equal(end(&a), INV_NO_RANGE);
    start(&a, 3, 4);
    assert_int_equal(end(&a), INV_OK);
    inv_enter(&inv, &a);
    inv_start(&inv, &a);
    assert_int_equal(end(&a), INV_NO_RANGE); /* neither the hull nor the token of the last one hides it */
}

/* H-B-9, B6-10: beside others, whose hull hides it from B6-1, its own token tells. */
static void ghost(void **state)
{
    (void)state;
    inv_enter(&inv, &a);
    inv_start(&inv, &a);
    start(&b, 1, 2);
    assert_int_equal(end(&a), INV_GHOST);
    assert_int_equal(end(&b), INV_OK);
}

/* B6-3, B6-4 */
static void bad_ranges_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(inv_range_add(&inv, &a, g(1), g(2)), INV_NO_BRACKET);
    start(&a, 10, 20);
    assert_int_equal(inv_range_add(&inv, &a, g(5), g(5)), INV_EMPTY_RANGE);
    assert_int_equal(inv_range_add(&inv, &a, g(6), g(5)), INV_EMPTY_RANGE);
    assert_int_equal(inv_range_add(&inv, &b, g(5), g(6)), INV_NO_BRACKET); /* another one's token */
    assert_int_equal(inv.start, 10);
    assert_int_equal(inv.end, 20);
}

/* B6-6: reported, and not counted. */
static void leave_without_enter(void **state)
{
    (void)state;
    assert_int_equal(inv_leave(&inv, &a), INV_NOT_ENTERED);
    inv_enter(&inv, &b);
    assert_int_equal(inv_leave(&inv, &a), INV_NOT_ENTERED);
    assert_int_equal(inv.active, 1);
    assert_int_equal(inv_leave(&inv, &b), INV_OK);
    assert_int_equal(inv_leave(&inv, &b), INV_NOT_ENTERED);
    assert_int_equal(inv.active, 0);
}

/* B2-9: a bracket that was open across a publication, which cannot happen by itself (B5-2). */
static void slots_change_inside(void **state)
{
    (void)state;
    start(&a, 1, 2);
    inv.published++;
    assert_int_equal(end(&a), INV_OTHER_SET);
    start(&a, 1, 2);
    assert_int_equal(end(&a), INV_OK);
}

static void *publish(void *done)
{
    inv_publish_begin(&inv);
    at_store(&inv.seq, 100); /* marks the moment */
    inv_publish_end(&inv);
    at_store((u32 *)done, 1);
    return NULL;
}

/* H-B-10, B5-2: a publication waits until every bracket that was entered has been left, started or not. */
static void publication_waits(void **state)
{
    pthread_t thread;
    u32 done = 0;

    (void)state;
    inv_enter(&inv, &a);
    inv_enter(&inv, &b);
    assert_int_equal(pthread_create(&thread, NULL, publish, &done), 0);
    assert_int_equal(inv_leave(&inv, &a), INV_OK);
    for (unsigned i = 0; i < 200000; i++) /* time enough to do wrong */
        at_relax();
    assert_int_equal(at_load(&inv.seq), 0);
    assert_int_equal(inv_leave(&inv, &b), INV_OK);
    pthread_join(thread, NULL);
    assert_int_equal(inv.seq, 100);
    assert_int_equal(inv.published, 1);
}

static void *feed(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 1000; i++)
        at_relax();
    at_store(&inv.seq, 7);
    at_store(&inv.starving, 0);
    return NULL;
}

/* B4-7 (c): while a fault starves, a new bracket holds off; but not for ever. */
static void starving_fault_first(void **state)
{
    pthread_t thread;

    (void)state;
    inv.starving = 1;
    inv_enter(&inv, &a); /* nobody feeds it: bounded */
    assert_int_equal(inv_leave(&inv, &a), INV_OK);
    for (unsigned i = 0; i < 20 && at_load(&inv.seq) != 7; i++) { /* the thread may be late once */
        at_store(&inv.starving, 1);
        assert_int_equal(pthread_create(&thread, NULL, feed, NULL), 0);
        inv_enter(&inv, &a);
        u64 seq = at_load(&inv.seq);
        pthread_join(thread, NULL);
        assert_int_equal(inv_leave(&inv, &a), INV_OK);
        at_store(&inv.seq, seq);
    }
    assert_int_equal(inv.seq, 7);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        test(quiet_means_go),
        test(open_bracket),
        test(whole_blocks),
        test(ended_bracket),
        test(no_range_yet),
        test(end_without_start),
        test(seq_is_compared_in_progress),
        test(end_without_range),
        test(ghost),
        test(hull_of_overlapping_brackets),
        test(bad_ranges_change_nothing),
        test(leave_without_enter),
        test(slots_change_inside),
        test(publication_waits),
        test(starving_fault_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
