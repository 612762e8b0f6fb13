/* SPDX-License-Identifier: BSD-2-Clause */
/* slot.c: which gfn belongs to which slot, what may be added, and what of swap each slot gets. */
#include "fake/world.h"

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){0});
    world.vm->state = VM_SETUP;
    return 0;
}

static const char *at(u64 gfn)
{
    struct slot *s = slot_find(world.vm, (gfn_t){gfn});

    return s ? s->name : "none";
}

static void edges(void **state)
{
    (void)state;
    assert_string_equal(at(0), "memory");
    assert_string_equal(at(WORLD_MEMORY - 1), "memory");
    assert_string_equal(at(WORLD_MEMORY), "none");
    assert_string_equal(at(WORLD_BASE - 1), "none");
    assert_string_equal(at(WORLD_BASE), "data");
    assert_string_equal(at(WORLD_BASE + WORLD_MODULE - 1), "data");
    assert_string_equal(at(WORLD_BASE + WORLD_MODULE), "none");
    assert_string_equal(at(~0ull), "none");
    assert_string_equal(at(1ull << 52), "none");
}

static void refused(void **state)
{
    u64 limit = BIT(FAKE_MAXPHYADDR - PAGE_SHIFT), used = world.vm->pager.swap_used;

    (void)state;
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){WORLD_MEMORY - 1}, 1, NULL), -2);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){WORLD_BASE - 5}, 6, NULL), -2);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){WORLD_BASE + 1}, 1, NULL), -2);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){limit}, 1, NULL), -2);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){limit - 1}, 2, NULL), -2);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){limit - 1}, ~0ull, NULL), -2);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){~0ull}, 1, NULL), -2);
    fake_fail_allocation(1);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){WORLD_MEMORY}, 1, NULL), -1);
    assert_int_equal(world.vm->slots, 2);
    assert_int_equal(world.vm->pager.swap_used, used);
    assert_int_equal(slot_add(world.vm, "x", (gfn_t){WORLD_MEMORY}, 1, NULL), 0);
    assert_int_equal(slot_add(world.vm, "y", (gfn_t){limit - 1}, 1, NULL), 0);
    assert_string_equal(at(limit - 1), "y");
}

/* Every page has a place of its own in swap. */
static void swap_places(void **state)
{
    (void)state;
    assert_int_equal(world.vm->slot[0].swap_offset, 0);
    assert_int_equal(world.vm->slot[1].swap_offset, WORLD_MEMORY * PAGE_SIZE);
    assert_int_equal(world.vm->pager.swap_used, (WORLD_MEMORY + WORLD_MODULE) * PAGE_SIZE);
}

static void not_while_running(void **state)
{
    (void)state;
    world.vm->state = VM_RUNNING;
    expect_assert_failure((void)!slot_add(world.vm, "x", (gfn_t){WORLD_MEMORY}, 1, NULL));
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {test(edges), test(refused), test(swap_places),
                                       test(not_while_running)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
