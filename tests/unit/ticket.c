/* SPDX-License-Identifier: BSD-2-Clause */
/* ticket.c: tickets rest, travel in order and arrive once; who is kicked for them (A3-34, H-A-4). */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <pthread.h>
#include "fake/machine.h"
#include "vcpu.h"

static struct vcpu v;
static struct ticket_pool *pool = &v.apf.tickets;

static int setup(void **state)
{
    fake_setup(state);
    fake.cpus = 3;
    v = (struct vcpu){.cpu = 2};
    ticket_pool_init(pool, &v);
    return 0;
}

static void pool_is_bounded(void **state)
{
    struct ticket *t[TICKETS_ITEM];

    (void)state;
    for (unsigned i = 0; i < TICKETS_ITEM; i++) {
        t[i] = ticket_get(pool);
        assert_non_null(t[i]);
        assert_ptr_equal(t[i]->vcpu, &v);
        assert_int_equal(t[i]->kind, TICKET_ITEM);
        for (unsigned k = 0; k < i; k++)
            assert_ptr_not_equal(t[k], t[i]);
    }
    assert_null(ticket_get(pool));
    ticket_put(pool, t[5]);
    assert_ptr_equal(ticket_get(pool), t[5]);
    assert_null(ticket_get(pool));
}

/* The order of completion is the order of delivery (T-A-106). */
static void taken_oldest_first(void **state)
{
    struct ticket *list = NULL, *t[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        ticket_push(&list, t[i] = ticket_get(pool));
    struct ticket *all = ticket_take(&list);
    assert_null(list);
    for (unsigned i = 0; i < 5; i++, all = all->next)
        assert_ptr_equal(all, t[i]);
    assert_null(all);
    assert_null(ticket_take(&list));
}

/* A3-34, A3-35: everything that decides about a kick. */
static void who_is_kicked(void **state)
{
    static const struct {
        u32 mode, ready_pending;
        enum ticket_kind kind;
        bool kicked;
    } rows[] = {
        {0, 0, TICKET_ITEM, false},
        {0, 1, TICKET_ITEM, false},
        {0, 0, TICKET_SYNC, false},
        {MODE_IN_GUEST, 0, TICKET_ITEM, true},
        {MODE_IN_GUEST, 1, TICKET_ITEM, false},
        {MODE_IN_GUEST, 1, TICKET_SLOT, true},
        {MODE_IN_GUEST, 1, TICKET_SYNC, true},
        {MODE_BLOCKED, 0, TICKET_ITEM, true},
        {MODE_BLOCKED, 1, TICKET_ITEM, true},
        {MODE_BLOCKED, 1, TICKET_SLOT, true},
        {5 * MODE_STEP, 0, TICKET_ITEM, false},
        {5 * MODE_STEP | MODE_IN_GUEST, 0, TICKET_ITEM, true},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        struct ticket *t = ticket_get(pool);

        v.pub.mode = rows[i].mode;
        v.pub.ready_pending = rows[i].ready_pending;
        v.pub.requests = 0;
        t->kind = rows[i].kind;
        fake.kicks[2] = 0;
        ticket_done(t);
        assert_int_equal(fake.kicks[2], rows[i].kicked);
        assert_int_equal(v.pub.requests, REQ_DONE);
        assert_ptr_equal(ticket_take(&v.pub.done), t);
    }
}

static void ack_lets_kicks_through(void **state)
{
    (void)state;
    v.pub.mode = MODE_IN_GUEST;
    v.pub.ready_pending = 1;
    ticket_done(ticket_get(pool));
    assert_int_equal(fake.kicks[2], 0);
    done_ack(&v.pub);
    ticket_done(ticket_get(pool));
    assert_int_equal(fake.kicks[2], 1);
}

#define PUSHERS 3
#define EACH    40

static void *push_all(void *arg)
{
    struct ticket *t = arg;

    for (unsigned i = 0; i < EACH; i++)
        ticket_done(&t[i]);
    return NULL;
}

/* Completions from several CPUs against a taker: each arrives once, those of one CPU in order. */
static void many_pushers(void **state)
{
    pthread_t thread[PUSHERS];
    unsigned got = 0, next[PUSHERS] = {0};

    (void)state;
    for (unsigned i = 0; i < PUSHERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, push_all, &pool->item[i * EACH]), 0);
    while (got < PUSHERS * EACH)
        for (struct ticket *t = ticket_take(&v.pub.done), *after; t; t = after, got++) {
            unsigned n = (unsigned)(t - pool->item);

            after = t->next;
            assert_int_equal(n % EACH, next[n / EACH]++);
        }
    for (unsigned i = 0; i < PUSHERS; i++)
        pthread_join(thread[i], NULL);
    assert_null(v.pub.done);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        test(pool_is_bounded),        test(taken_oldest_first), test(who_is_kicked),
        test(ack_lets_kicks_through), test(many_pushers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
