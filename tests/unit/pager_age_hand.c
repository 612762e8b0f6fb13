/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_age_hand.c: how the hand goes round: where it looks, where it stops, what a call of it costs. */
#include <unistd.h>
#include "age_rig.h"

/* Nothing resident: nothing to be done, and that is said at once. */
static void no_victims(void **state)
{
    struct batch b;

    (void)state;
    batch_begin(vm, &b, "test");
    assert_false(age_scan(vm, &b));
    batch_end(vm, &b);
    assert_int_equal(looks, 0);
    vm->pager.aging.moving = 0;
    vm->pager.low = FRAMES + 1;
    for (u64 i = 0; i < FRAMES; i++)
        pager_load(vm, &vm->slot[1], module_gfn(i), NULL);
    assert_int_equal(vm->pager.frames.free, 0);
    assert_false(pager_reclaim(vm));
    assert_int_equal(pager_frame(vm, FIRST), FRAME_NONE);
    fake_disk_finish_all();
    assert_int_not_equal(pager_frame(vm, FIRST), FRAME_NONE);
    vm->pager.frames.free = FRAMES; /* the frame is the test's */
}

/* A page came in behind the hand: the round that met none is not the end of it. */
static void behind_the_hand(void **state)
{
    struct batch b = {.count = 0};

    (void)state;
    touch(FIRST);
    vm->pager.aging.hand = (gfn_t){FIRST.v + 1};
    assert_true(age_scan(vm, &b));
    assert_int_equal(looks, 0);
    assert_int_equal(vm->pager.aging.hand.v, 0);
    assert_int_equal(vm->pager.aging.lean, 0); /* nor does it count as a lean one */
}

/* One look for a window of pages; none where there are no pages. */
static void one_look_for_a_window(void **state)
{
    (void)state;
    teardown(state);
    make(600, 8 * BLOCK_PAGES);
    touch_all((gfn_t){BLOCK_PAGES + 3}, 500);
    touch_all((gfn_t){6 * BLOCK_PAGES + 100}, 2);
    looks = 0;
    assert_int_equal(one_round(), 0);
    assert_int_equal(looks, 8 + 1);
    assert_int_equal(age_of((gfn_t){BLOCK_PAGES + 200}), 0);
    one_round();
    assert_int_equal(looks, 2 * (8 + 1));
    assert_int_equal(age_of((gfn_t){BLOCK_PAGES + 502}), 1);
    assert_int_equal(age_of((gfn_t){6 * BLOCK_PAGES + 101}), 1);
}

/* Where the batch was full the hand stops. What was seen of pages behind that place is not forgotten. */
static void stopping_in_a_window(void **state)
{
    struct batch b;

    (void)state;
    batch_begin(vm, &b, "test");
    touch_all(FIRST, 40);
    one_round();
    one_round();
    vm->pager.aging.lean = 0;
    touch((gfn_t){45});
    assert_true(age_scan(vm, &b));
    assert_int_equal(b.count, BATCH_MAX);
    assert_int_equal(vm->pager.aging.hand.v, FIRST.v + BATCH_MAX);
    assert_int_equal(*world_leaf((gfn_t){45}) & WORLD_A, 0);
    assert_true(slot_page(&vm->slot[0], (gfn_t){45})->word & PAGE_REF);
    assert_int_equal(age_of((gfn_t){44}), 1); /* and their generation has not ended yet */
    evict(&b);
    assert_int_equal(one_round(), 40 - BATCH_MAX - 1);
    assert_int_equal(world_state((gfn_t){45}), PAGE_RESIDENT);
    assert_int_equal(age_of((gfn_t){45}), 0);
}

/* The work of one call is bounded, in pages and in holes. */
static void slices(void **state)
{
    struct batch b;
    unsigned calls = 0;

    (void)state;
    teardown(state);
    make(3 * BLOCK_PAGES, 100 * BLOCK_PAGES);
    batch_begin(vm, &b, "test");
    touch_all((gfn_t){BLOCK_PAGES}, 2 * BLOCK_PAGES);
    touch((gfn_t){99 * BLOCK_PAGES});
    assert_true(age_scan(vm, &b));
    assert_int_equal(vm->pager.aging.hand.v, 2 * BLOCK_PAGES);
    assert_true(age_scan(vm, &b));
    assert_int_equal(vm->pager.aging.hand.v, 3 * BLOCK_PAGES);
    assert_true(age_scan(vm, &b));
    assert_int_equal(vm->pager.aging.hand.v, 3 * BLOCK_PAGES + AGE_REACH);
    while (vm->pager.aging.hand.v && calls++ < 10)
        assert_true(age_scan(vm, &b));
    assert_true(3 + calls <= age_calls(vm) / (AGE_LEAN + 3));
    assert_int_equal(age_of((gfn_t){99 * BLOCK_PAGES}), 0);
    batch_end(vm, &b);
}

static void map_huge(gfn_t g, pfn_t base)
{
    struct tdp_map m = {.gfn = g, .pfn = base, .level = 1, .access = ACCESS_READ};

    assert_true(tdp_cache_fill(&world.v->cache));
    read_lock(&vm->tdp.lock);
    assert_int_equal(tdp_map(&vm->tdp, world.v->root, &m, &world.v->cache), TDP_OK);
    read_unlock(&vm->tdp.lock);
}

/* All pages of gfn's block, brought in by the host and mapped by one leaf. */
static void make_huge(gfn_t g)
{
    pfn_t base;

    teardown(NULL);
    make(2 * BLOCK_PAGES + 64, 4 * BLOCK_PAGES);
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        pager_load(vm, &vm->slot[0], (gfn_t){g.v + i}, NULL);
    assert_true(framepool_whole(&vm->pager.frames, g, &base));
    map_huge(g, base);
}

/* C11-2: the one bit of a huge leaf speaks for all its pages, in one look, which clears it. */
static void a_huge_leaf(void **state)
{
    gfn_t g = {BLOCK_PAGES};

    (void)state;
    make_huge(g);
    one_round();
    one_round();
    assert_int_equal(age_of((gfn_t){g.v + 400}), 1);
    fault_handle(world.v, gfn_gpa(g), ACCESS_READ); /* spurious; then hardware */
    *world_leaf(g) |= WORLD_A;
    vm->pager.aging.lean = 0;
    assert_int_equal(one_round(), 0);
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        assert_int_equal(age_of((gfn_t){g.v + i}), 0);
    assert_int_equal(*world_leaf(g) & WORLD_A, 0);
}

/* Aging goes on while somebody zaps: no lock (C11-3). An alarm ends a test that waits. */
static void without_a_lock(void **state)
{
    struct batch b;

    (void)state;
    batch_begin(vm, &b, "test");
    touch_all(FIRST, 8);
    alarm(20);
    write_lock(&vm->tdp.lock);
    one_round();
    one_round();
    assert_true(age_scan(vm, &b));
    write_unlock(&vm->tdp.lock);
    alarm(0);
    assert_int_equal(b.count, 8);
    evict(&b);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(no_victims), test(behind_the_hand), test(one_look_for_a_window), test(stopping_in_a_window),
        test(slices),     test(a_huge_leaf),     test(without_a_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
