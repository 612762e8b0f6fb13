/* SPDX-License-Identifier: BSD-2-Clause */
/* nx_worker.c: how fast split tables are given back, and what wakes the one who does it (C10-4, H-C-37, H-C-40). */
#include "fake/world.h"
#include "nx_worker.h"
#include "loop.h"

#define MS     1000000ull
#define SECOND (1000 * MS)
#define HUGE   512u

static struct vm *vm;
static struct nx *list;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.cpus = 2});
    vm = world.vm;
    list = &vm->tdp.nx;
    fake.now = 100 * SECOND;
    return 0;
}

static void switch_on(u32 ratio, u64 period)
{
    assert_int_equal(nx_set(vm, true), NX_DONE);
    nx_set_pace(vm, ratio, period);
    vcpu_service(world.v); /* a fresh root */
    fake.kicks[NX_CPU] = 0;
}

/* Fetches from `n` blocks that the pager could map huge. Frames nobody owns: they are gone before anybody looks. */
static void split_blocks(unsigned n)
{
    for (u64 i = 0; i < n; i++) {
        struct tdp_map m = {.gfn = {0x200000 + i * HUGE}, .nx_level = 1, .access = ACCESS_EXEC};

        m.pfn.v = m.gfn.v;
        assert_true(tdp_cache_fill(&world.v->cache));
        read_lock(&vm->tdp.lock);
        assert_int_equal(tdp_map(&vm->tdp, world.v->root, &m, &world.v->cache), TDP_OK);
        read_unlock(&vm->tdp.lock);
    }
    assert_int_equal(list->listed, n);
}

/* The worker's calls until a pass is over; returns how many slices it had. */
static unsigned finish_pass(void)
{
    unsigned slices = 0;
    u64 due;

    do {
        u64 recovered = list->recovered;

        due = nx_work(vm, fake.now);
        assert_in_range(list->recovered - recovered, 0, NX_BATCH);
        slices += list->recovered > recovered;
        if (vm->nx_worker.left) {
            assert_int_equal(due, fake.now + NX_PAUSE);
            assert_int_equal(nx_work(vm, due - 1), due); /* the pause is kept */
            assert_in_range(list->recovered - recovered, 0, NX_BATCH);
            fake.now = due;
        }
    } while (vm->nx_worker.left);
    return slices;
}

/* H-C-40: ratio 0, 1, 60, 3600, 10000; period derived, and set. */
static void periods(void **state)
{
    (void)state;
    assert_int_equal(nx_period(0, 0), 0);
    assert_int_equal(nx_period(0, 5 * MS), 0);
    assert_int_equal(nx_period(1, 0), 3600000 * MS);
    assert_int_equal(nx_period(60, 0), 60000 * MS);
    assert_int_equal(nx_period(3600, 0), 1000 * MS);
    assert_int_equal(nx_period(10000, 0), 1000 * MS);
    assert_int_equal(nx_period(60, 5 * MS), 5 * MS);
    assert_int_equal(nx_period(10000, 7200000 * MS), 7200000 * MS);
}

/* H-C-37: each pass takes one of `ratio`, rounded up, of what is listed by then. */
static void passes(void **state)
{
    static const struct {
        u32 ratio;
        unsigned listed, taken;
    } rows[] = {{1, 20, 20}, {2, 21, 11},  {3, 9, 3},     {60, 20, 1},
                {60, 61, 2}, {3600, 5, 1}, {10000, 5, 1}, {7, 0, 0}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(nx_set(vm, false), NX_DONE);
        vcpu_service(world.v);
        switch_on(rows[i].ratio, SECOND);
        split_blocks(rows[i].listed);
        list->recovered = 0;
        fake.now += SECOND;
        assert_int_equal(finish_pass(), (rows[i].taken + NX_BATCH - 1) / NX_BATCH);
        assert_int_equal(list->recovered, rows[i].taken);
        assert_int_equal(list->listed, rows[i].listed - rows[i].taken);
    }
}

/* The next pass begins a period after the present one began, not earlier. */
static void pace(void **state)
{
    u64 began;

    (void)state;
    switch_on(4, SECOND);
    split_blocks(100);
    began = fake.now;
    assert_int_equal(finish_pass(), 4); /* 25 */
    assert_int_equal(nx_work(vm, began + SECOND - 1), began + SECOND);
    assert_int_equal(list->recovered, 25);
    fake.now = began + SECOND;
    assert_int_equal(finish_pass(), 3); /* 19 of 75 */
    assert_int_equal(list->recovered, 25 + 19);
}

static void nothing_without_a_ratio(void **state)
{
    (void)state;
    switch_on(0, SECOND);
    split_blocks(3);
    assert_int_equal(nx_work(vm, fake.now), TIME_NEVER);
    assert_int_equal(list->listed, 3);
    nx_set_pace(vm, 1, SECOND);
    (void)nx_work(vm, fake.now);
    assert_int_equal(list->listed, 0);
}

/* Taken away in the middle of a pass: it ends. */
static void a_pass_is_called_off(void **state)
{
    (void)state;
    switch_on(1, SECOND);
    split_blocks(2 * NX_BATCH);
    (void)nx_work(vm, fake.now);
    assert_int_equal(list->listed, NX_BATCH);
    nx_set_pace(vm, 0, SECOND);
    assert_int_equal(nx_work(vm, fake.now + NX_PAUSE), TIME_NEVER);
    nx_set_pace(vm, 1, SECOND);
    (void)nx_work(vm, fake.now + NX_PAUSE);
    assert_int_equal(list->listed, NX_BATCH); /* in the next period */
}

/* Tables that went otherwise: the pass does not wait for them. */
static void the_list_ends_early(void **state)
{
    struct tdp_gather g = {0};

    (void)state;
    switch_on(1, SECOND);
    split_blocks(3 * NX_BATCH);
    (void)nx_work(vm, fake.now);
    write_lock(&vm->tdp.lock);
    tdp_zap(&vm->tdp, (gfn_t){0}, (gfn_t){1ull << 30}, NULL, &g);
    tdp_commit(&vm->tdp, &g);
    write_unlock(&vm->tdp.lock);
    assert_int_equal(list->listed, 0);
    fake.now += NX_PAUSE;
    (void)nx_work(vm, fake.now);
    assert_int_equal(vm->nx_worker.left, 0);
    assert_int_equal(list->recovered, NX_BATCH);
}

/* C10-5: while the dirty log is kept a pass does nothing; the one after the log does it. */
static void not_during_the_dirty_log(void **state)
{
    (void)state;
    switch_on(1, SECOND);
    split_blocks(3);
    at_store(&vm->tdp.log, TDP_LOG_DIRTY_BIT);
    assert_int_equal(nx_work(vm, fake.now), fake.now + SECOND);
    assert_int_equal(list->listed, 3);
    at_store(&vm->tdp.log, TDP_LOG_OFF);
    fake.now += SECOND;
    (void)nx_work(vm, fake.now);
    assert_int_equal(list->listed, 0);
}

/* C10-4, H-C-40: woken if recovery got enabled or the period shortened, and only then. */
static void wakes(void **state)
{
    static const struct {
        u32 ratio;
        u64 period;
        bool wakes;
    } rows[] = {{0, 0, false},  {60, 0, true},       {60, 0, false},         {61, 0, true},
                {60, 0, false}, {60, 50 * MS, true}, {1, 50 * MS, false},    {1, 51 * MS, false},
                {1, 0, false},  {3600, 0, true},     {10000, 0, false},      {0, MS, false},
                {60, MS, true}, {0, 0, false},       {1, 3600000 * MS, true}};

    (void)state;
    switch_on(60, SECOND);
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        fake.kicks[NX_CPU] = 0;
        nx_set_pace(vm, rows[i].ratio, rows[i].period);
        assert_int_equal(fake.kicks[NX_CPU], rows[i].wakes);
    }
    assert_int_equal(fake.kicks[1], 0);
}

/* A shorter period counts from the last pass on: what is overdue by then is done at once. */
static void shortened(void **state)
{
    (void)state;
    switch_on(1, 100 * SECOND);
    (void)nx_work(vm, fake.now);
    split_blocks(1);
    fake.now += 10 * SECOND;
    assert_int_equal(nx_work(vm, fake.now), fake.now + 90 * SECOND);
    nx_set_pace(vm, 1, 20 * SECOND);
    assert_int_equal(nx_work(vm, fake.now), fake.now + 10 * SECOND);
    nx_set_pace(vm, 1, SECOND);
    (void)nx_work(vm, fake.now);
    assert_int_equal(list->listed, 0);
}

/* The loop of CPU 0 does it, and sleeps no longer than until the next time. */
static void sleeps(void)
{
    fake.now = fake.timer[0];
    if (list->recovered == 3)
        vm_exit(vm, 0);
}

static void loop_works(void **state)
{
    (void)state;
    vm->config.io_timeout = vm->config.io_give_up = ~0ull >> 1;
    switch_on(3, 20 * MS);
    split_blocks(3);
    vcpu_set_state(world.v, VCPU_HALTED);
    fake.idle = sleeps;
    loop_run(vm);
    assert_int_equal(list->recovered, 3);
    assert_in_range(fake.now, 100 * SECOND + 40 * MS, 100 * SECOND + 60 * MS); /* at 0, 20, 40 */
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(periods),
        test(passes),
        test(pace),
        test(nothing_without_a_ratio),
        test(a_pass_is_called_off),
        test(the_list_ends_early),
        test(not_during_the_dirty_log),
        test(wakes),
        test(shortened),
        test(loop_works),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
