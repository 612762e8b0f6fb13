/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flush.c: flush_all() returns when each vCPU has left the stay in guest mode that it was in, and not before (SPEC
 * B7).
 */
#include <pthread.h>
#include "fake/world.h"
#include "flush.h"

static struct vcpu *a, *b;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.vcpus = 3, .cpus = 3});
    a = world.vm->vcpu[1];
    b = world.vm->vcpu[2];
    for (unsigned i = 0; i < 3; i++)
        world.vm->vcpu[i]->hw->flushes = 0; /* loading the root was one */
    return 0;
}

/* Outside guest mode: the request is enough; at the next entry the translations go. */
static void nobody_in_the_guest(void **state)
{
    (void)state;
    flush_all(world.vm);
    for (unsigned i = 0; i < 3; i++) {
        struct vcpu *v = world.vm->vcpu[i];

        assert_int_equal(fake.kicks[i], 0);
        assert_true(v->pub.requests & REQ_FLUSH);
        world_enter(v);
        assert_int_equal(v->hw->flushes, 1);
    }
}

/* A CPU that sleeps needs no interrupt: it looks before it enters. */
static void blocked_is_not_kicked(void **state)
{
    (void)state;
    assert_true(req_go(&a->pub, MODE_BLOCKED));
    flush_all(world.vm);
    assert_int_equal(fake.kicks[1], 0);
    req_back(&a->pub);
    assert_false(req_go(&a->pub, MODE_IN_GUEST));
}

static bool returned;

static void *flusher(void *arg)
{
    flush_all(arg);
    at_store_rel(&returned, true);
    return NULL;
}

static void wait_for_kick(unsigned cpu)
{
    while (!at_load(&fake.kicks[cpu]))
        at_relax();
}

/* Both stays must end. A new stay of one (after its flush) does not hold the flusher. */
static void waits_for_the_right_stay(void **state)
{
    pthread_t t;

    (void)state;
    at_store(&returned, false);
    assert_true(req_go(&a->pub, MODE_IN_GUEST));
    assert_true(req_go(&b->pub, MODE_IN_GUEST));
    assert_int_equal(pthread_create(&t, NULL, flusher, world.vm), 0);
    wait_for_kick(1);
    wait_for_kick(2);
    req_back(&a->pub);
    assert_false(req_go(&a->pub, MODE_IN_GUEST)); /* the flush is still to do */
    vcpu_service(a);
    assert_int_equal(a->hw->flushes, 1);
    assert_true(req_go(&a->pub, MODE_IN_GUEST));
    assert_false(at_load(&returned));
    req_back(&b->pub);
    pthread_join(t, NULL); /* a stays where it is */
    assert_true(returned);
    req_back(&a->pub);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {test(nobody_in_the_guest), test(blocked_is_not_kicked),
                                       test(waits_for_the_right_stay)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
