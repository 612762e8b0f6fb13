/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_frames.c: pages that are brought in get the frames of their places, also if they starved before. */
#include "fake/world.h"

static struct vm *vm;
static struct framepool *pool;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.frames = 2 * BLOCK_PAGES}); /* memory's block, the module's */
    vm = world.vm;
    pool = &vm->pager.frames;
    return 0;
}

static void load(gfn_t gfn)
{
    pager_load(vm, slot_find(vm, gfn), gfn, NULL);
    fake_disk_finish_all();
}

static pfn_t pfn_of(gfn_t gfn)
{
    pfn_t pfn = {0};

    assert_true(pager_resident(vm, slot_find(vm, gfn), gfn, &pfn));
    return pfn;
}

static void neighbours_lie_side_by_side(void **state)
{
    (void)state;
    load(module_gfn(9));
    load((gfn_t){200});
    load(module_gfn(5));
    load((gfn_t){20});
    assert_int_equal(pfn_of(module_gfn(9)).v % BLOCK_PAGES, module_gfn(9).v % BLOCK_PAGES);
    assert_int_equal(pfn_of(module_gfn(9)).v - pfn_of(module_gfn(5)).v, 4);
    assert_int_equal(pfn_of((gfn_t){200}).v - pfn_of((gfn_t){20}).v, 180);
}

static void back_at_its_place(void **state)
{
    pfn_t before;

    (void)state;
    load(module_gfn(4));
    load(module_gfn(5));
    before = pfn_of(module_gfn(5));
    world_evict(module_gfn(5));
    load(module_gfn(6));
    load(module_gfn(5));
    assert_int_equal(pfn_of(module_gfn(5)).v, before.v);
}

/* No frame is free; both blocks are reserved and full, but pages 5 and 9 of the module want theirs. */
static void starving_for_its_place(void **state)
{
    u32 place[10];
    pfn_t base;

    (void)state;
    vm->pager.low = 0; /* nothing is taken back */
    for (u64 i = 0; i < BLOCK_PAGES; i++) {
        u32 f = framepool_get(pool, module_gfn(i));

        if (i < ARRAY_SIZE(place))
            place[i] = f;
    }
    for (u64 i = 0; i < BLOCK_PAGES; i++)
        (void)framepool_get_home(pool, (gfn_t){i});
    assert_int_equal(pool->free, 0);
    load(module_gfn(5));
    load(module_gfn(9));
    assert_int_equal(vm->pager.starved.count, 2);
    for (u64 i = 5; i <= 9; i += 4) {
        pager_frame_release(vm, place[i]);
        fake_disk_finish_all();
        assert_int_equal(pfn_of(module_gfn(i)).v, framepool_pfn(pool, place[i]).v);
        assert_true(framepool_whole(pool, module_gfn(0), &base));
    }
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(neighbours_lie_side_by_side),
        test(back_at_its_place),
        test(starving_for_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
