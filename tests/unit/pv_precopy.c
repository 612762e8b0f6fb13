/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_precopy.c: FL_HC_PRECOPY: what it refuses, what it begins, what it tells. */
#include "precopy_rig.h"
#include "abi/faultline.h"
#include "abi/kvm_hypercall.h"

static u64 call(u64 what, u64 gpa)
{
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_PRECOPY, .arg = {what, gpa}}};

    exit_handle(v, &e);
    assert_int_equal(v->hw->completed.kind, EXIT_HYPERCALL);
    return v->hw->completed.call.ret;
}

static struct fl_precopy *told(void)
{
    gfn_t g = {30};

    (void)reach(v, g, true);
    assert_int_equal(call(FL_PRECOPY_REPORT, gfn_gpa(g).v + 8), 0);
    return (struct fl_precopy *)(void *)(reach(v, g, true) + 1);
}

static void by_hypercall(void **state)
{
    struct exit e = {.kind = EXIT_HYPERCALL,
                     .call = {.nr = FL_HC_PRECOPY, .arg = {FL_PRECOPY_REPORT, 100 * PAGE_SIZE}}};
    unsigned completions;

    (void)state;
    assert_int_equal(told()->state, FL_PRECOPY_NEVER);
    assert_int_equal(call(FL_PRECOPY_START_DIRTY_BIT + 1, 0), -(u64)PV_EINVAL);
    assert_int_equal(call(~0ull, 0), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_PRECOPY_START, FL_PRECOPY_ROUNDS_MAX + 1), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_PRECOPY_START, ~0ull << 32), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_PRECOPY_REPORT, 30 * PAGE_SIZE + 4), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_PRECOPY_REPORT, 31 * PAGE_SIZE - 8), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_PRECOPY_REPORT, WORLD_HOLE), -(u64)PV_EFAULT);
    assert_int_equal(call(FL_PRECOPY_REPORT, ~7ull & ~PAGE_MASK), -(u64)PV_EFAULT);
    fake_fail_allocation(1);
    assert_int_equal(call(FL_PRECOPY_START, 0), -(u64)PV_ENOMEM);
    fake_fail_allocation(0);
    for (u64 how = FL_PRECOPY_START; how <= FL_PRECOPY_START_DIRTY_BIT; how++) {
        assert_int_equal(call(how, how - 1), 0);
        assert_int_equal(vm->precopy.config.rounds, how == FL_PRECOPY_START ? PRECOPY_ROUNDS : how - 1);
        assert_int_equal(vm->tdp.log,
                         how == FL_PRECOPY_START_WRITE_PROTECT ? TDP_LOG_WRITE_PROTECT : TDP_LOG_DIRTY_BIT);
        assert_int_equal(call(FL_PRECOPY_START, 0), -(u64)PV_EBUSY);
        assert_int_equal(told()->state, FL_PRECOPY_RUNS);
        assert_int_equal(told()->bytes, 0);
        expect_equal();
    }
    assert_int_equal(told()->size, sizeof(struct fl_precopy));
    assert_int_equal(told()->state, FL_PRECOPY_DONE);
    assert_int_equal(told()->first, WORLD_MEMORY + WORLD_MODULE);
    assert_int_equal(told()->running + told()->paused, told()->zero + told()->source + told()->bytes);
    assert_true(told()->pause_ns);
    completions = v->hw->completions;
    exit_handle(v, &e); /* its page is absent: once more */
    assert_int_equal(v->hw->completions, completions);
}

static void by_hypercall_without_dirty_bits(void **state)
{
    struct mmu soft = {.name = "", MMU_S2_SOFT};

    (void)state;
    begin(&soft);
    assert_int_equal(call(FL_PRECOPY_START_DIRTY_BIT, 0), -(u64)PV_EOPNOTSUPP);
    assert_int_equal(call(FL_PRECOPY_START, 0), 0);
    assert_int_equal(vm->tdp.log, TDP_LOG_WRITE_PROTECT);
    expect_equal();
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(by_hypercall),
        cmocka_unit_test_teardown(by_hypercall_without_dirty_bits, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
