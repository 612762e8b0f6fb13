/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_features.c: what exists follows the feature bits, those that are hidden, and whether that is enforced
 * (A3-24, A3-25).
 */
#include "pv_rig.h"

#define ALL 0x1007efbu

static bool exists(u32 index)
{
    u64 value = 0;
    enum outcome read = msr(index, false, &value), write;

    value = 0;
    write = msr(index, true, &value);
    assert_int_equal(read, write);
    return read == OUTCOME_DONE;
}

/* Every MSR that belongs to a feature, by that feature alone. */
static void each_msr_has_its_bit(void **state)
{
    static const struct {
        u32 msr;
        unsigned bit;
    } of[] = {
        {PV_MSR_WALL_CLOCK_OLD, 0},
        {PV_MSR_SYSTEM_TIME_OLD, 0},
        {PV_MSR_WALL_CLOCK, 3},
        {PV_MSR_SYSTEM_TIME, 3},
        {PV_MSR_APF_EN, 4},
        {PV_MSR_STEAL, 5},
        {PV_MSR_EOI, 6},
        {PV_MSR_POLL, 12},
        {PV_MSR_APF_VEC, 14},
        {PV_MSR_APF_ACK, 14},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
        configure(FL_APF_INT, 0, false);
        assert_true(exists(of[i].msr));
        configure(FL_APF_INT, 1u << of[i].bit, false);
        assert_false(exists(of[i].msr));
        assert_int_equal(cpuid(0x40000001)[0], ALL & ~(1u << of[i].bit) & ~(of[i].bit == 5 ? 1u << 9 : 0));
        configure(FL_APF_INT, 1u << of[i].bit, true);
        assert_true(exists(of[i].msr));
        configure(FL_APF_INT, ~(1u << of[i].bit), false);
        assert_true(exists(of[i].msr));
        assert_int_equal(cpuid(0x40000001)[0], 1u << of[i].bit);
    }
}

/* The variants of the contract that Linux's KVM keeps, as far as they are about which of the APF MSRs exist. */
static void variants_of_the_contract(void **state)
{
    static const struct {
        u32 shown;
        bool lax, en, vec;
    } of[] = {
        {0x1007efb, true, true, true},    {0x1007efb, false, true, true},  {0x1003aeb, true, true, true},
        {0x1003aeb, false, false, false}, {0x1007eeb, false, false, true}, {0x1003efb, false, true, false},
        {0x1007afb, false, true, true},   {0, false, false, false},        {0, true, true, true},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
        configure(FL_APF_INT, ~of[i].shown, of[i].lax);
        assert_int_equal(cpuid(0x40000001)[0], of[i].shown);
        assert_int_equal(exists(PV_MSR_APF_EN), of[i].en);
        assert_int_equal(exists(PV_MSR_APF_VEC), of[i].vec);
        assert_int_equal(exists(PV_MSR_APF_ACK), of[i].vec);
    }
}

/* Bits that this host has nothing for, and those that the personality lacks, do not come by asking for them. */
static void hiding_is_all_there_is(void **state)
{
    (void)state;
    configure(FL_APF_NONE, 0, false);
    assert_int_equal(cpuid(0x40000001)[0], 0x1003aeb);
    configure(FL_APF_NONE, 0, true);
    assert_int_equal(cpuid(0x40000001)[0], 0x1003aeb);
    assert_true(exists(PV_MSR_APF_EN) && exists(PV_MSR_APF_VEC) && exists(PV_MSR_APF_ACK));
}

static u64 exists_call(u64 nr)
{
    return call(nr, 3, 4);
}

static void each_hypercall_has_its_bit(void **state)
{
    static const struct {
        u64 nr, result;
        unsigned bit;
    } of[] = {{PV_HC_KICK, 0, 7}, {PV_HC_IPI, 7, 11}, {PV_HC_YIELD, 0, 13}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
        configure(FL_APF_NONE, 0, false);
        assert_int_equal(exists_call(of[i].nr), of[i].result);
        configure(FL_APF_NONE, 1u << of[i].bit, false);
        assert_int_equal(exists_call(of[i].nr), -(u64)PV_ENOSYS);
        configure(FL_APF_NONE, 1u << of[i].bit, true);
        assert_int_equal(exists_call(of[i].nr), of[i].result);
        v->hw->cpl = 3;
        assert_int_equal(exists_call(of[i].nr), -(u64)PV_EPERM);
        v->hw->cpl = 0;
    }
    assert_int_equal(seen.kicked, 4);     /* the second argument */
    assert_int_equal(seen.yielded_to, 3); /* the first */
    for (u64 nr = 0; nr < 32; nr++)
        if (nr != PV_HC_KICK && nr != PV_HC_IPI && nr != PV_HC_YIELD)
            assert_int_equal(exists_call(nr), -(u64)PV_ENOSYS);
}

/* A7-8, T-A-171; what is set after a reset */
static void poll_control(void **state)
{
    (void)state;
    pv_reset(v);
    assert_int_equal(seen.resets, 2);
    assert_int_equal(read_msr(PV_MSR_POLL), 1);
    assert_int_equal(write_msr(PV_MSR_POLL, 0), OUTCOME_DONE);
    assert_int_equal(read_msr(PV_MSR_POLL), 0);
    for (unsigned bit = 1; bit < 64; bit++)
        assert_int_equal(write_msr(PV_MSR_POLL, BIT(bit) | 1), OUTCOME_GP);
    assert_int_equal(read_msr(PV_MSR_POLL), 0);
    v->clock_msr = 0x1001;
    v->kicked = true;
    pv_reset(v);
    assert_int_equal(read_msr(PV_MSR_POLL), 1);
    assert_int_equal(read_msr(PV_MSR_SYSTEM_TIME), 0);
    assert_false(v->kicked);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(each_msr_has_its_bit),   test(variants_of_the_contract),
        test(hiding_is_all_there_is), test(each_hypercall_has_its_bit),
        test(poll_control),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
