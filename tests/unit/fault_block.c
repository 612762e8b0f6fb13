/* SPDX-License-Identifier: BSD-2-Clause */
/* fault_block.c: a block of 2 MiB whose pages are all there and side by side is mapped by one leaf (SPEC C9, C10-1). */
#include "fake/world.h"
#include "bracket.h"
#include "fault.h"

#define BLOCK 512u /* the second block of anonymous memory; the first holds the APF slots */

static struct vm *vm;
static struct vcpu *v;

static int setup(void **state)
{
    (void)state;
    world_make(&(struct world_config){.memory = 3 * BLOCK_PAGES + 100, .frames = 4 * BLOCK_PAGES});
    vm = world.vm;
    v = world.v;
    return 0;
}

static void access_page(u64 gfn, u32 access)
{
    fault_handle(v, gfn_gpa((gfn_t){gfn}), access);
}

static void fill(u64 gfn, u64 end)
{
    while (gfn < end)
        access_page(gfn++, ACCESS_WRITE);
}

static struct tdp_leaf leaf_of(u64 gfn)
{
    struct tdp_leaf leaf = {.level = 99};

    (void)tdp_lookup(&vm->tdp, v->root, (gfn_t){gfn}, &leaf);
    return leaf;
}

static void tree_is_sound(void)
{
    struct tdp_count n;

    write_lock(&vm->tdp.lock);
    assert_null(tdp_check(&vm->tdp, &n));
    write_unlock(&vm->tdp.lock);
}

static int teardown(void **state)
{
    tree_is_sound();
    return world_teardown(state);
}

/* Page by page, until the last one makes the block whole; the small leaves give way to one. */
static void the_last_page_makes_one_leaf(void **state)
{
    pfn_t first;

    (void)state;
    fill(BLOCK, 2 * BLOCK - 1);
    first = leaf_of(BLOCK).pfn;
    assert_int_equal(leaf_of(BLOCK).level, 0);
    access_page(2 * BLOCK - 1, ACCESS_READ);
    for (u64 i = 0; i < BLOCK; i++) {
        assert_int_equal(leaf_of(BLOCK + i).level, 1);
        assert_int_equal(leaf_of(BLOCK + i).pfn.v, first.v + i);
    }
    assert_int_equal(vm->stats.collapses, 1);
    assert_int_equal(vm->stats.huge_maps, 0);
}

/* Where nothing is mapped, one fault maps it all. */
static void one_fault_maps_a_block(void **state)
{
    (void)state;
    fill(BLOCK, 2 * BLOCK);
    pager_unmap_range(vm, (gfn_t){BLOCK}, (gfn_t){2 * BLOCK});
    assert_int_equal(leaf_of(BLOCK + 7).level, 99);
    access_page(BLOCK + 7, ACCESS_READ);
    assert_int_equal(leaf_of(BLOCK).level, 1);
    assert_int_equal(leaf_of(2 * BLOCK - 1).level, 1);
    assert_int_equal(vm->stats.huge_maps, 1);
}

/* A block that the slot does not fill stays small, whatever its frames are; so does one with a page missing. */
static void not_a_whole_block(void **state)
{
    (void)state;
    fill(3 * BLOCK, 3 * BLOCK + 100);
    assert_int_equal(leaf_of(3 * BLOCK + 99).level, 0);
    fill(BLOCK, 2 * BLOCK);
    world_evict((gfn_t){BLOCK + 9});
    access_page(BLOCK + 10, ACCESS_READ);
    assert_int_equal(leaf_of(BLOCK + 10).level, 0);
}

static void open_bracket(struct inv_bracket *b, u64 gfn)
{
    bracket_enter(vm, b);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, b);
    bracket_add(vm, b, (gfn_t){gfn}, (gfn_t){gfn + 1});
    write_unlock(&vm->tdp.lock);
}

/* B3-10: a bracket over any page of the block turns the leaf away; one beside it does not. */
static void a_bracket_over_another_page(void **state)
{
    struct inv_bracket inside = {.who = "a page of it"}, beside = {.who = "a page beside it"};
    u64 retries;

    (void)state;
    fill(BLOCK, 2 * BLOCK);
    pager_unmap_range(vm, (gfn_t){BLOCK}, (gfn_t){2 * BLOCK});
    retries = vm->stats.tdp_retries;
    open_bracket(&inside, 2 * BLOCK - 1);
    access_page(BLOCK, ACCESS_READ);
    assert_int_equal(leaf_of(BLOCK).level, 99);
    assert_int_equal(vm->stats.tdp_retries, retries + 1);
    bracket_end(vm, &inside);
    open_bracket(&beside, 2 * BLOCK);
    access_page(BLOCK, ACCESS_READ);
    assert_int_equal(leaf_of(BLOCK).level, 1);
    bracket_end(vm, &beside);
}

/* C10-1: the leaf is not executable; a fetch splits it, and is listed. Data in another block stays with its leaf. */
static void a_fetch_gets_small_leaves(void **state)
{
    (void)state;
    at_store(&vm->tdp.nx.on, true);
    fill(BLOCK, 3 * BLOCK);
    assert_false(leaf_of(BLOCK).exec);
    access_page(BLOCK + 3, ACCESS_READ | ACCESS_EXEC);
    assert_int_equal(leaf_of(BLOCK + 3).level, 0);
    assert_true(leaf_of(BLOCK + 3).exec);
    assert_int_equal(leaf_of(2 * BLOCK).level, 1);
    assert_int_equal(vm->tdp.nx.listed, 1);
    pager_unmap_range(vm, (gfn_t){BLOCK}, (gfn_t){2 * BLOCK});
    assert_int_equal(vm->tdp.nx.listed, 0);
    access_page(BLOCK + 3, ACCESS_READ | ACCESS_EXEC); /* a first touch by fetch */
    assert_int_equal(leaf_of(BLOCK + 3).level, 0);
    assert_int_equal(vm->tdp.nx.listed, 1);
    access_page(BLOCK + 4, ACCESS_READ); /* C10-2: the table stays */
    assert_int_equal(leaf_of(BLOCK + 4).level, 0);
}

/* C8-3 */
static void small_leaves_while_writes_are_logged(void **state)
{
    (void)state;
    fill(BLOCK, 2 * BLOCK);
    pager_unmap_range(vm, (gfn_t){BLOCK}, (gfn_t){2 * BLOCK});
    at_store(&vm->tdp.log, TDP_LOG_DIRTY_BIT);
    access_page(BLOCK, ACCESS_READ);
    assert_int_equal(leaf_of(BLOCK).level, 0);
    at_store(&vm->tdp.log, TDP_LOG_OFF);
    access_page(BLOCK + 1, ACCESS_READ);
    assert_int_equal(leaf_of(BLOCK).level, 1);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(the_last_page_makes_one_leaf),
        test(one_fault_maps_a_block),
        test(not_a_whole_block),
        test(a_bracket_over_another_page),
        test(a_fetch_gets_small_leaves),
        test(small_leaves_while_writes_are_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
