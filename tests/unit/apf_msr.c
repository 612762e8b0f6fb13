/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apf_msr.c: the contract of the three APF MSRs as a table: what is accepted, what reads back (A1.1, A2.1, A3.2).
 *
 * The INT rows are what Linux KVM answers with all features offered and enforced, but for one difference, marked [P]:
 * an EN that is refused changes nothing (A0-36, H-A-6).
 */
#include "apf_rig.h"
#include "abi/kvm_cpuid.h"
#include "pv.h"

enum { READ, OK, GP };

struct row {
    u32 msr;
    int access; /* READ, or what a write of `value` does */
    u64 value;
    u64 after; /* what reads back */
};

#define EN  PV_MSR_APF_EN
#define VEC PV_MSR_APF_VEC
#define ACK PV_MSR_APF_ACK

static void make(enum fl_personality p)
{
    world_make(&(struct world_config){.apf = p});
    v = world.v;
}

static void configure(u32 hidden, bool lax)
{
    v->vm->config.pv_hidden = hidden;
    v->vm->config.pv_lax = lax;
    pv_init(v->vm);
}

static int setup(void **state)
{
    (void)state;
    return 0;
}

static void run(const struct row *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++, r++) {
        static struct apf before;

        before = v->apf;
        if (r->access == GP) {
            assert_int_equal(world_wrmsr(v, r->msr, r->value), OUTCOME_GP);
            assert_memory_equal(&before, &v->apf, sizeof(before)); /* H-A-6 */
        }
        if (r->access == OK)
            assert_int_equal(world_wrmsr(v, r->msr, r->value), OUTCOME_DONE);
        assert_int_equal(world_msr(v, r->msr), r->after);
    }
}

/* T-A-007, 010, 012, 013, 014, 016, 017, 018, 019 */
static void int_dialect(void **state)
{
    static const struct row rows[] = {
        {EN, READ, 0, 0},
        {VEC, READ, 0, 0},
        {ACK, READ, 0, 0},
        {VEC, OK, 0xf3, 0xf3},
        {VEC, GP, 0x1f3, 0xf3},
        {VEC, GP, 0x80000000000000f3, 0xf3},
        {VEC, GP, 0xfffffffffffff3f3, 0xf3},
        {VEC, GP, 0x100000000, 0xf3},
        {VEC, GP, 0x100, 0xf3},
        {VEC, OK, 0, 0},
        {VEC, OK, 2, 2},
        {VEC, OK, 15, 15},
        {VEC, OK, 16, 16},
        {VEC, OK, 31, 31},
        {VEC, OK, 255, 255},
        {VEC, OK, 0xf3, 0xf3},
        {EN, OK, 0, 0},
        {EN, OK, 0x4001, 0x4001}, /* A3-15 */
        {EN, OK, 0x4003, 0x4003},
        {EN, OK, 0x4009, 0x4009},
        {EN, OK, 0x400b, 0x400b},
        {EN, OK, 0x4005, 0x4005},
        {EN, OK, 0x400d, 0x400d},
        {EN, OK, 0x400f, 0x400f},
        {EN, GP, 0x4019, 0x400f}, /* A3-10 */
        {EN, GP, 0x4029, 0x400f},
        {EN, GP, 0x4039, 0x400f},
        {EN, GP, 0x10, 0x400f},
        {EN, GP, 0x20, 0x400f},
        {EN, GP, 0x4030, 0x400f},
        {EN, OK, 0x4008, 0x4008}, /* A3-16 */
        {EN, OK, 0x400e, 0x400e},
        {EN, OK, 0xffffffffffffffc0, 0xffffffffffffffc0},
        {EN, OK, 0xffffffffffffffce, 0xffffffffffffffce},
        {EN, OK, 0x49, 0x49},
        {EN, OK, 0x4049, 0x4049},
        {EN, OK, 0x4fc9, 0x4fc9},
        {EN, OK, 0x30009, 0x30009},         /* never touched */
        {EN, GP, 0x700000009, 0x30009},     /* A3-14 [P] */
        {EN, OK, 0x700000001, 0x700000001}, /* T-A-016 */
        {EN, OK, 0x700000008, 0x700000008}, /* T-A-017 */
        {EN, GP, 0xfffffffffffc9, 0x700000008},
        {EN, GP, 0xffffffffffffffc9, 0x700000008},
        {EN, GP, 0xfee00009, 0x700000008}, /* A0-37: the APIC page */
        {EN, OK, 0x4009, 0x4009},
        {VEC, OK, 0x21, 0x21},
        {EN, OK, 0, 0},
        {ACK, OK, 0, 0},
        {ACK, OK, 1, 0},
        {ACK, OK, 2, 0},
        {ACK, OK, 3, 0},
        {ACK, OK, 0x100, 0},
        {ACK, OK, ~0ull, 0},
        {EN, OK, 0x4009, 0x4009},
        {ACK, OK, 0, 0},
        {ACK, OK, 1, 0},
        {ACK, OK, 2, 0},
        {EN, OK, 0, 0},
        {VEC, READ, 0, 0x21},
    };

    (void)state;
    make(FL_APF_INT);
    run(rows, ARRAY_SIZE(rows));
    assert_int_equal(world_new(v), 0);
    world_end();
    make(FL_APF_NONE); /* CPUID offers nothing, and nobody minds (A3-25) */
    configure(0, true);
    run(rows, ARRAY_SIZE(rows));
    assert_int_equal(world_new(v), 0);
}

/* A3-11, A3-12, T-A-008: a bit of EN whose feature is hidden is reserved; not so if that is not enforced. */
static void hidden_features(void **state)
{
    static const struct row no_int[] = {
        {EN, READ, 0, 0},         {EN, OK, 0x4001, 0x4001}, {EN, GP, 0x4009, 0x4001},
        {EN, GP, 0x4008, 0x4001}, {EN, OK, 0x4005, 0x4005}, {EN, OK, 0x4004, 0x4004},
        {EN, GP, 0x10, 0x4004},   {EN, OK, 0, 0},
    };
    static const struct row no_vmexit[] = {
        {EN, OK, 0x4009, 0x4009}, {EN, OK, 0x4008, 0x4008}, {EN, GP, 0x4005, 0x4008},
        {EN, GP, 0x4004, 0x4008}, {EN, GP, 0x10, 0x4008},   {EN, OK, 0, 0},
        {ACK, OK, 1, 0},
    };
    static const struct row all[] = {
        {EN, OK, 0x4009, 0x4009}, {EN, OK, 0x4008, 0x4008}, {EN, OK, 0x4005, 0x4005}, {EN, GP, 0x10, 0x4005},
        {VEC, OK, 0xf3, 0xf3},    {VEC, GP, 0x1f3, 0xf3},   {ACK, OK, 1, 0},
    };

    (void)state;
    make(FL_APF_INT);
    configure(BIT(KVM_FEATURE_APF_INT), false);
    run(no_int, ARRAY_SIZE(no_int));
    configure(BIT(KVM_FEATURE_APF_VMEXIT), false);
    run(no_vmexit, ARRAY_SIZE(no_vmexit));
    configure(~0u, true);
    run(all, ARRAY_SIZE(all));
}

/* T-A-006: bits 5:3 are reserved; A3-24: the other MSRs do not exist. */
static void legacy_dialect(void **state)
{
    static const struct row rows[] = {
        {EN, READ, 0, 0},
        {EN, OK, 0x4001, 0x4001},
        {EN, GP, 0x4009, 0x4001},
        {EN, GP, 0x4011, 0x4001},
        {EN, GP, 0x4021, 0x4001},
        {EN, GP, 0x8, 0x4001},
        {EN, OK, 0x4007, 0x4007},
        {EN, OK, 0x4006, 0x4006},
        {EN, GP, WORLD_HOLE | 1, 0x4006},
        {EN, OK, WORLD_HOLE, WORLD_HOLE},
    };

    (void)state;
    make(FL_APF_LEGACY);
    set_if(false); /* keep wake-all out of the way */
    run(rows, ARRAY_SIZE(rows));
    assert_int_equal(world_wrmsr(v, VEC, 0), OUTCOME_GP);
    assert_int_equal(world_wrmsr(v, ACK, 1), OUTCOME_GP);
    assert_int_equal(world_rdmsr(v, VEC, &(u64){0}), OUTCOME_GP);
    assert_int_equal(world_rdmsr(v, ACK, &(u64){0}), OUTCOME_GP);
}

/* T-A-011, T-A-012, A2-1 */
static void pf2_dialect(void **state)
{
    static const struct row rows[] = {
        {VEC, OK, 0x1f3, 0x1f3},
        {VEC, GP, 0x200, 0x1f3},
        {VEC, GP, 1ull << 63, 0x1f3},
        {VEC, GP, ~0ull, 0x1f3},
        {VEC, OK, 0xf3, 0xf3},
        {EN, OK, 0x4009, 0x4009},
        {EN, GP, 0x4019, 0x4009},
        {EN, GP, 0x4029, 0x4009},
        {EN, GP, WORLD_HOLE | 9, 0x4009},
        {EN, GP, 0xfee00009, 0x4009},
        {EN, OK, 0x400f, 0x400f},
        {EN, OK, WORLD_HOLE | 8, WORLD_HOLE | 8},
        {VEC, OK, 0x100, 0x100},
        {EN, GP, WORLD_HOLE | 1, WORLD_HOLE | 8},
        {ACK, OK, ~0ull, 0},
        {ACK, OK, 2, 0},
    };

    (void)state;
    make(FL_APF_PF2);
    assert_int_equal(slot_delete(world.vm, module_gfn(0)), SLOT_OK); /* room in swap */
    assert_int_equal(slot_add_private(world.vm, SLOT_APIC_PAGE, (gfn_t){0xfee00}), SLOT_OK);
    run(rows, ARRAY_SIZE(rows));
}

/* A5-5, T-A-024 */
static void dual_personality(void **state)
{
    static const struct row rows[] = {
        {VEC, OK, 0x1f3, 0x1f3},  {VEC, OK, 0xf3, 0xf3},    {VEC, GP, 0x2f3, 0xf3},
        {EN, OK, 0x4009, 0x4009}, {VEC, GP, 0x1f3, 0xf3},   {VEC, OK, 0x31, 0x31},
        {EN, OK, 0x4008, 0x4008}, {VEC, OK, 0x131, 0x131},  {EN, OK, 0x4009, 0x4009},
        {VEC, GP, 0x31, 0x131},   {EN, GP, 0x4019, 0x4009}, {EN, GP, WORLD_HOLE | 9, 0x4009},
        {EN, OK, 0x4001, 0x4001}, {VEC, OK, 0x31, 0x31},
    };

    (void)state;
    make(FL_APF_DUAL);
    run(rows, ARRAY_SIZE(rows));
}

/* T-A-003, A3-24: without the CPUID bits there are no such MSRs. */
static void no_apf(void **state)
{
    static const u32 msr[] = {EN, VEC, ACK};

    (void)state;
    make(FL_APF_NONE);
    for (unsigned i = 0; i < ARRAY_SIZE(msr); i++) {
        assert_int_equal(world_wrmsr(v, msr[i], 0), OUTCOME_GP);
        assert_int_equal(world_rdmsr(v, msr[i], &(u64){0}), OUTCOME_GP);
    }
}

/* T-A-018: after a refused EN the old slot works on. */
static void refused_en_breaks_nothing(void **state)
{
    u32 token;

    (void)state;
    make(FL_APF_INT);
    assert_int_equal(world_wrmsr(v, VEC, WORLD_VECTOR), OUTCOME_DONE);
    set_en(0xb);
    expect_interrupt(WORLD_VECTOR);
    world_slot_set(v, TOKEN, 0);
    ack(), eoi();
    assert_int_equal(world_wrmsr(v, EN, WORLD_HOLE | 0xb), OUTCOME_GP);
    world_touch(v, 1);
    world_enter(v);
    token = (u32)world_next(v).cr2;
    assert_int_equal(world_wrmsr(v, EN, WORLD_SLOT(0) | 0x1b), OUTCOME_GP);
    world_read_done(1);
    expect_interrupt(WORLD_VECTOR);
    assert_int_equal(world_slot(v, TOKEN), token);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        test(int_dialect),
        test(legacy_dialect),
        test(pf2_dialect),
        test(hidden_features),
        test(dual_personality),
        test(no_apf),
        test(refused_en_breaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
