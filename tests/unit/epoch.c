/* SPDX-License-Identifier: BSD-2-Clause */
/* epoch.c: a retired page is freed when, and only when, no CPU can still read it (SPEC C5-3, H-C-10). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include "fake/machine.h"
#include "epoch.h"

static struct epoch e;

static int setup(void **state)
{
    fake_setup(state);
    fake.cpus = 4;
    epoch_init(&e);
    return 0;
}

static int teardown(void **state)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        epoch_exit(&e, i);
    epoch_collect(&e);
    return fake_teardown(state);
}

static hpa_t page(void)
{
    hpa_t p;

    assert_true(port_frame_alloc(&p));
    return p;
}

static void idle_cpus_do_not_hold(void **state)
{
    (void)state;
    epoch_retire(&e, page());
    assert_int_equal(fake.frames, 1);
    assert_int_equal(epoch_collect(&e), 1);
    assert_int_equal(fake.frames, 0);
    assert_int_equal(epoch_collect(&e), 0);
}

/* H-C-10: who entered before the retirement holds the page, who entered after does not. */
static void a_reader_holds_what_it_may_see(void **state)
{
    (void)state;
    epoch_enter(&e, 1);
    epoch_retire(&e, page());
    epoch_enter(&e, 2);
    assert_int_equal(epoch_collect(&e), 0);
    epoch_exit(&e, 1);
    assert_int_equal(epoch_collect(&e), 1); /* CPU 2 is still in its section */
}

/* Oldest first; a page behind one that is held waits too, but not longer than its own readers. */
static void order_of_freeing(void **state)
{
    (void)state;
    epoch_enter(&e, 1);
    epoch_retire(&e, page());
    epoch_exit(&e, 1);
    epoch_enter(&e, 1);
    epoch_retire(&e, page());
    epoch_retire(&e, page());
    assert_int_equal(epoch_collect(&e), 1);
    epoch_exit(&e, 1);
    assert_int_equal(epoch_collect(&e), 2);
}

/* Only CPUs that exist are asked. */
static void absent_cpus(void **state)
{
    (void)state;
    epoch_enter(&e, 5);
    epoch_retire(&e, page());
    assert_int_equal(epoch_collect(&e), 1);
}

/* C5-2 */
static void retiring_inside_a_section_is_our_bug(void **state)
{
    hpa_t p = page();

    (void)state;
    epoch_enter(&e, 0);
    expect_assert_failure(epoch_retire(&e, p));
    epoch_exit(&e, 0);
    port_frame_free(p);
}

static void *leave_later(void *arg)
{
    (void)arg;
    while (at_load(&e.count) < EPOCH_PENDING)
        at_relax();
    epoch_exit(&e, 1);
    return NULL;
}

/* A full ring makes the retirer wait for the readers, not lose pages; the ring wraps. */
static void full_ring(void **state)
{
    pthread_t t;

    (void)state;
    for (unsigned i = 0; i < 100; i++) /* the ring's head is somewhere in the middle */
        epoch_retire(&e, page());
    epoch_collect(&e);
    epoch_enter(&e, 1);
    assert_int_equal(pthread_create(&t, NULL, leave_later, NULL), 0);
    for (unsigned i = 0; i < EPOCH_PENDING + 10; i++)
        epoch_retire(&e, page());
    pthread_join(t, NULL);
    epoch_collect(&e);
    assert_int_equal(fake.frames, 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(idle_cpus_do_not_hold),
        test(a_reader_holds_what_it_may_see),
        test(order_of_freeing),
        test(absent_cpus),
        test(full_ring),
        test(retiring_inside_a_section_is_our_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
