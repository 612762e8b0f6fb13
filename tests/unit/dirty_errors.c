/* SPDX-License-Identifier: BSD-2-Clause */
/* dirty_errors.c: what the dirty log refuses, and what it does without memory. */
#include "dirty_rig.h"

static void errors_change_nothing(void **state)
{
    struct mmu soft = {.name = "", MMU_S2_SOFT};

    (void)state;
    begin(&soft);
    guest_writes(v, FIRST, 1);
    assert_int_equal(dirty_start(vm, TDP_LOG_DIRTY_BIT), DIRTY_NO_HARDWARE);
    assert_int_equal(dirty_best(&vm->tdp), TDP_LOG_WRITE_PROTECT);
    for (unsigned n = 1; n <= vm->slots->count;
         n++) { /* a bitmap that was made stays, and is not asked for again */
        fake_fail_allocation(1);
        assert_int_equal(dirty_start(vm, TDP_LOG_WRITE_PROTECT), DIRTY_NO_MEMORY);
        fake_fail_allocation(0);
        assert_non_null(mmu_reach(v, (gfn_t){FIRST}, true));
        assert_int_equal(vm->tdp.log, TDP_LOG_OFF);
        assert_int_equal(vm->flush_generation, 0);
        assert_int_equal(vm->inv.seq, 0);
    }
    assert_int_equal(dirty_stop(vm), DIRTY_OFF);
    assert_int_equal(dirty_collect(vm, memory, 0, 64, bits), DIRTY_OFF);
    assert_int_equal(dirty_start(vm, TDP_LOG_WRITE_PROTECT), DIRTY_OK);
}

static void second_bitmap_fails(void **state)
{
    (void)state;
    begin(&mmus[0]);
    fake_fail_allocation(2);
    assert_int_equal(dirty_start(vm, TDP_LOG_DIRTY_BIT), DIRTY_NO_MEMORY);
    fake_fail_allocation(0);
    assert_int_equal(dirty_start(vm, TDP_LOG_DIRTY_BIT), DIRTY_OK);
    assert_int_equal(dirty_best(&vm->tdp), TDP_LOG_DIRTY_BIT);
}

static void refused(u64 first, u64 n)
{
    expect_assert_failure((void)(dirty_collect(vm, memory, first, n, bits) == DIRTY_OK));
}

static void collecting_is_bounded(void **state)
{
    (void)state;
    begin(&mmus[0]);
    start();
    refused(1, 64);
    refused(0, 0);
    refused(0, DIRTY_BATCH + 64);
    refused(0, 63);
    refused(WORLD_MEMORY - 64, 128);
}

/* A huge leaf for whose split memory does not suffice stays, and answers for all its pages. */
static void no_memory_to_split(void **state)
{
    struct slot *block;
    hpa_t frame;

    (void)state;
    begin(&mmus[0]);
    vm->state = VM_SETUP;
    assert_int_equal(slot_add(vm, "block", (gfn_t){BLOCK}, 512, NULL), 0);
    vm->state = VM_RUNNING;
    block = slot_find(vm, (gfn_t){BLOCK});
    assert_int_equal(map_block(1, 0, ACCESS_READ), TDP_OK);
    fake_fail_allocation(vm->slots->count + 2 * TDP_CACHE +
                         1); /* bitmaps; two slots whose leaves are small */
    start();
    fake_fail_allocation(0);
    at_or(mmu_leaf(v, (gfn_t){BLOCK + 5}, &frame), mmu->dirty);
    assert_int_equal(count_taken(block), 512);
    assert_int_equal(count_taken(block), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(errors_change_nothing, end),
        cmocka_unit_test_teardown(second_bitmap_fails, end),
        cmocka_unit_test_teardown(collecting_is_bounded, end),
        cmocka_unit_test_teardown(no_memory_to_split, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
