/* SPDX-License-Identifier: BSD-2-Clause */
/* pv.c: tests of the paravirtual CPUID leaves, MSR routing and hypercalls. */
#include "pv_rig.h"

static void signatures(void **state)
{
    char text[13] = "";

    (void)state;
    assert_int_equal(cpuid(0x40000000)[0], 0x40000010);
    memcpy(text, cpuid(0x40000000) + 1, 12);
    assert_string_equal(text, "KVMKVMKVM");
    assert_int_equal(cpuid(0x40000100)[0], 0x40000101);
    memcpy(text, cpuid(0x40000100) + 1, 12);
    assert_string_equal(text, "FaultlineHyp");
}

/* A5-2, A5-3 */
static void personalities(void **state)
{
    static const struct {
        enum fl_personality p;
        u32 apf, dialects;
    } want[] = {
        {FL_APF_NONE, 0, 0},
        {FL_APF_LEGACY, 1 << 4 | 1 << 10, 1},
        {FL_APF_PF2, 1 << 4 | 1 << 10 | 1 << 14, 2},
        {FL_APF_INT, 1 << 4 | 1 << 10 | 1 << 14, 4},
        {FL_APF_DUAL, 1 << 4 | 1 << 10 | 1 << 14, 6},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
        configure(want[i].p, 0, false);
        assert_int_equal(cpuid(0x40000001)[0], want[i].apf | 0x1003aeb);
        assert_int_equal(cpuid(0x40000001)[3], 0);
        assert_int_equal(cpuid(0x40000101)[0], want[i].dialects);
        assert_int_equal(cpuid(0x40000101)[1], want[i].p);
        assert_int_equal(cpuid(0x40000101)[2], FL_FEATURE_HYPERCALLS);
        assert_int_equal(cpuid(0x40000101)[3], 5);
    }
}

static void other_leaves(void **state)
{
    (void)state;
    assert_int_equal(cpuid(0x40000010)[0], fake.tsc_khz);
    assert_int_equal(cpuid(0x40000010)[1], APIC_TIMER_HZ / 1000);
    for (u32 leaf = 0x40000000; leaf < 0x40000200; leaf++)
        switch (leaf) {
        case 0x40000000:
        case 0x40000001:
        case 0x40000010:
        case 0x40000100:
        case 0x40000101:
            break;
        default:
            for (unsigned i = 0; i < 4; i++)
                assert_int_equal(cpuid(leaf)[i], 0);
        }
}

/* A3-24: which of the APF MSRs exist; what exists is the APF engine's. */
static void apf_msrs_by_cpuid(void **state)
{
    static const struct {
        enum fl_personality p;
        bool en, vec;
    } want[] = {{FL_APF_NONE, 0, 0},
                {FL_APF_LEGACY, 1, 0},
                {FL_APF_PF2, 1, 1},
                {FL_APF_INT, 1, 1},
                {FL_APF_DUAL, 1, 1}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++)
        for (unsigned write = 0; write < 2; write++) {
            enum outcome en = want[i].en ? OUTCOME_DONE : OUTCOME_GP,
                         vec = want[i].vec ? OUTCOME_DONE : OUTCOME_GP;
            u64 value = 0;

            configure(want[i].p, 0, false);
            seen.apf_msrs = 0;
            assert_int_equal(msr(PV_MSR_APF_EN, write, &value), en);
            value = 0;
            assert_int_equal(msr(PV_MSR_APF_VEC, write, &value), vec);
            value = 0;
            assert_int_equal(msr(PV_MSR_APF_ACK, write, &value), vec);
            assert_int_equal(seen.apf_msrs, want[i].en + 2 * want[i].vec);
        }
    assert_int_equal(read_msr(PV_MSR_APF_EN), 0x1234);
}

static void other_msrs_do_not_exist(void **state)
{
    (void)state;
    configure(FL_APF_DUAL, 0, true);
    for (u32 i = PV_MSR_APF_ACK + 1; i <= PV_MSR_LAST; i++) {
        u64 value = 0;

        assert_int_equal(msr(i, false, &value), OUTCOME_GP);
        assert_int_equal(msr(i, true, &value), OUTCOME_GP);
    }
    assert_int_equal(seen.apf_msrs, 0);
}

/* What the clocks do is in pv_clock.c; here, that they are reached and read back. */
static void clock_msrs(void **state)
{
    (void)state;
    assert_int_equal(write_msr(PV_MSR_SYSTEM_TIME, 0x1001), OUTCOME_DONE);
    assert_int_equal(read_msr(PV_MSR_SYSTEM_TIME), 0x1001);
    assert_int_equal(write_msr(PV_MSR_WALL_CLOCK, 0x2000), OUTCOME_DONE);
    assert_int_equal(read_msr(PV_MSR_WALL_CLOCK), 0x2000);
    assert_int_equal(ram.writes, 6);
    assert_int_equal(read_msr(PV_MSR_SYSTEM_TIME_OLD), 0x1001);
    assert_int_equal(read_msr(PV_MSR_WALL_CLOCK_OLD), 0x2000);
    assert_int_equal(write_msr(PV_MSR_SYSTEM_TIME_OLD, 0x3001), OUTCOME_DONE);
    assert_int_equal(read_msr(PV_MSR_SYSTEM_TIME), 0x3001);
    assert_int_equal(write_msr(PV_MSR_WALL_CLOCK_OLD, 0x4000), OUTCOME_DONE);
    assert_int_equal(read_msr(PV_MSR_WALL_CLOCK), 0x4000);
    assert_int_equal(ram.writes, 12);
}

static void calls_need_cpl_0_and_a_number(void **state)
{
    (void)state;
    assert_int_equal(call(0, 0, 0), -(u64)PV_ENOSYS);
    assert_int_equal(call(FL_HC_STATS | BIT(32), 0x1000, 0), -(u64)PV_ENOSYS);
    v->hw->cpl = 3;
    assert_int_equal(call(FL_HC_STATS, 0x1000, 0), -(u64)PV_EPERM);
    assert_int_equal(call(0, 0, 0), -(u64)PV_EPERM);
    assert_int_equal(call(FL_HC_PRECOPY, FL_PRECOPY_START, 0), -(u64)PV_EPERM);
    assert_int_equal(call(FL_HC_SAVE, FL_SAVE_STOP, 0), -(u64)PV_EPERM);
    assert_int_equal(seen.precopies + seen.saves, 0);
    v->hw->cpl = 0;
    assert_int_equal(call(FL_HC_PRECOPY, FL_PRECOPY_START, 0), 5);
    assert_int_equal(seen.precopies, 1);
    assert_int_equal(call(FL_HC_SAVE, FL_SAVE_STOP, 0), 5);
    assert_int_equal(seen.saves, 1);
    assert_int_equal(ram.writes, 0);
}

static void stats_call(void **state)
{
    struct fl_stats s;
    struct exit e = {.kind = EXIT_HYPERCALL, .call = {.nr = FL_HC_STATS, .arg = {0x4008}}};

    (void)state;
    vm.stats.exits = 77;
    vm.stats.inflight_max = 40;
    vm.pager.io.reads = 9;
    assert_int_equal(call(FL_HC_STATS, 0x2000 - sizeof(s), 0), 0);
    memcpy(&s, ram.byte + 0x2000 - sizeof(s), sizeof(s));
    assert_int_equal(s.size, sizeof(s));
    assert_int_equal(s.exits, 77);
    assert_int_equal(vm.stats.inflight_max, 40);
    assert_int_equal(call(FL_HC_STATS, 0x3000, FL_STATS_RESET_MAX), 0);
    memcpy(&s, ram.byte + 0x3000, sizeof(s));
    assert_int_equal(s.inflight_max, 40);
    assert_int_equal(vm.stats.inflight_max, 9);

    assert_int_equal(call(FL_HC_STATS, 0x3004, 0), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_STATS, 0x4000 - sizeof(s) + 8, 0), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_STATS, 0x3000, 2), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_STATS, 0x3000, BIT(63)), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_STATS, RAM_PAGES * PAGE_SIZE, 0), -(u64)PV_EFAULT);
    assert_int_equal(call(FL_HC_STATS, ~7ull & ~PAGE_MASK, 0), -(u64)PV_EFAULT);

    ram.absent[4] = true;
    vm.stats.inflight_max = 40;
    e.call.arg[1] = FL_STATS_RESET_MAX;
    assert_int_equal(pv_hypercall(v, &e), OUTCOME_AGAIN);
    assert_int_equal(vm.stats.inflight_max, 40); /* nothing has happened yet */
    assert_int_equal(ram.brought, 1);
    assert_int_equal(pv_hypercall(v, &e), OUTCOME_DONE);
    assert_int_equal(e.call.ret, 0);
}

static void assert_evicted(unsigned i, u64 start, u64 end)
{
    assert_int_equal(seen.evicted[i].start, start);
    assert_int_equal(seen.evicted[i].end, end);
}

/* Ranges are cut to what is memory: a guest cannot make the host walk 2^52 pages. */
static void evict_call(void **state)
{
    (void)state;
    assert_int_equal(call(FL_HC_EVICT, 0, 0), 0);
    assert_int_equal(call(FL_HC_EVICT, 20 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(seen.evictions, 0);
    assert_int_equal(call(FL_HC_EVICT, 0, ~0ull), 0);
    assert_int_equal(seen.evictions, 2);
    assert_evicted(0, 0, 16);
    assert_evicted(1, 32, 40);
    seen.evictions = 0;
    assert_int_equal(call(FL_HC_EVICT, 16 * PAGE_SIZE, 16 * PAGE_SIZE),
                     0); /* ends and begins beside memory */
    assert_int_equal(seen.evictions, 0);
    assert_int_equal(call(FL_HC_EVICT, 33 * PAGE_SIZE, 1), 0);
    assert_evicted(0, 33, 34);
    assert_int_equal(call(FL_HC_EVICT, 2, ~0ull), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_EVICT, 1, ~0ull), 0);
    seen.evictions = 0;
    assert_int_equal(call(FL_HC_EVICT, 3 * PAGE_SIZE + 4095, 2), 0);
    assert_evicted(0, 3, 5);
    seen.evictions = 0;
    seen.pages = 6; /* the first slot gives pages: the second waits for the next call */
    assert_int_equal(call(FL_HC_EVICT, 15 * PAGE_SIZE, 20 * PAGE_SIZE), 6);
    assert_int_equal(seen.evictions, 1);
    assert_evicted(0, 15, 16);
}

/* The pages stay, so there is no second call to ask for: the whole range at once. */
static void unmap_call(void **state)
{
    (void)state;
    seen.pages = 6;
    assert_int_equal(call(FL_HC_UNMAP, 3 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(seen.unmapped, 1);
    assert_int_equal(call(FL_HC_UNMAP, 0, ~0ull), 0);
    assert_int_equal(seen.unmapped, 1 + 16 + 8);
    assert_int_equal(call(FL_HC_UNMAP, 2, ~0ull), -(u64)PV_EINVAL);
    assert_int_equal(seen.unmapped, 25);
    assert_int_equal(seen.evictions, 0);
}

static void slots_by_hypercall(void **state)
{
    static const struct {
        enum slot_error error;
        u64 result;
    } of[] = {
        {SLOT_OK, 0},
        {SLOT_MISSING, -(u64)PV_ENOENT},
        {SLOT_OVERLAP, -(u64)PV_EEXIST},
        {SLOT_BUSY, -(u64)PV_EBUSY},
        {SLOT_BEYOND, -(u64)PV_EINVAL},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
        seen.slot_error = of[i].error;
        assert_int_equal(call(FL_HC_SLOT_MOVE, 32 * PAGE_SIZE, 40 * PAGE_SIZE), of[i].result);
        assert_int_equal(call(FL_HC_SLOT_DELETE, 16 * PAGE_SIZE, 7), of[i].result); /* one argument only */
    }
    assert_int_equal(seen.moved_from, 32);
    assert_int_equal(seen.moved_to, 40);
    assert_int_equal(seen.deleted, 16);
    seen.slot_error = SLOT_OK;
    assert_int_equal(call(FL_HC_SLOT_MOVE, 1, 0), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_SLOT_MOVE, 0, 0x800), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_SLOT_DELETE, 4095, 0), -(u64)PV_EINVAL);
    assert_int_equal(seen.deleted, 16);
    v->hw->cpl = 3;
    assert_int_equal(call(FL_HC_SLOT_DELETE, 0, 0), -(u64)PV_EPERM);
    assert_int_equal(seen.deleted, 16);
}

/* Page by page: cut to what is memory, and told how many went. */
static void migrate_call(void **state)
{
    (void)state;
    assert_int_equal(call(FL_HC_MIGRATE, 0, ~0ull), 0);
    assert_int_equal(seen.migrated, 16 + 8);
    seen.pages = 6;
    assert_int_equal(call(FL_HC_MIGRATE, 15 * PAGE_SIZE, 20 * PAGE_SIZE), 6);
    assert_int_equal(seen.migrated, 24 + 1);
    assert_int_equal(call(FL_HC_MIGRATE, 2, ~0ull), -(u64)PV_EINVAL);
    assert_int_equal(call(FL_HC_MIGRATE, 20 * PAGE_SIZE, PAGE_SIZE), 0);
    assert_int_equal(seen.migrated, 25);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        test(signatures),
        test(personalities),
        test(other_leaves),
        test(apf_msrs_by_cpuid),
        test(other_msrs_do_not_exist),
        test(clock_msrs),
        test(calls_need_cpl_0_and_a_number),
        test(stats_call),
        test(evict_call),
        test(unmap_call),
        test(slots_by_hypercall),
        test(migrate_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
