/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_msr.c: tests of the local APIC's modes and of its registers as MSRs. */
#include "lapic_rig.h"

#define ENABLED (APIC_BASE_DEFAULT | APIC_BASE_ENABLE | APIC_BASE_BSP)

static void starts_in_xapic_mode(void **state)
{
    (void)state;
    assert_reads(APIC_BASE_MSR, ENABLED);
    assert_false(lapic_enabled(&rig.vcpu[0]));
    assert_int_equal(rig.vcpu[1].lapic.base, APIC_BASE_DEFAULT | APIC_BASE_ENABLE);
    for (u32 msr = X2APIC_MSR_FIRST; msr <= X2APIC_MSR_LAST; msr++) {
        assert_read_gp(msr);
        assert_write_gp(msr, 0);
    }
}

static void base_transitions(void **state)
{
    enum { OFF, X, X2 };
    static const u64 mode[] = {0, APIC_BASE_ENABLE, APIC_BASE_ENABLE | APIC_BASE_X2};
    static const bool legal[3][3] = {[OFF] = {1, 1, 0}, [X] = {1, 1, 1}, [X2] = {1, 0, 1}};

    (void)state;
    for (unsigned from = OFF; from <= X2; from++)
        for (unsigned to = OFF; to <= X2; to++) {
            rig.at_an_address = 0;
            lapic_reset(&rig.vcpu[0]);
            assert_int_equal(rig.at_an_address, 1);
            if (from == OFF)
                assert_write(APIC_BASE_MSR, APIC_BASE_DEFAULT);
            if (from == X2)
                assert_write(APIC_BASE_MSR, APIC_BASE_DEFAULT | mode[X2]);
            assert_int_equal(rig_write(0, APIC_BASE_MSR, APIC_BASE_DEFAULT | mode[to]),
                             legal[from][to] ? OUTCOME_DONE : OUTCOME_GP);
            assert_reads(APIC_BASE_MSR, APIC_BASE_DEFAULT | mode[legal[from][to] ? to : from]);
            assert_int_equal(rig.at_an_address, from == OFF && to == X ? 2 : 1); /* B7-1 */
        }
}

/* The page may move while the registers are elsewhere: who comes back looks it up again (B7-1). */
static void base_moves(void **state)
{
    (void)state;
    rig.at_an_address = 0;
    assert_write(APIC_BASE_MSR, ENABLED - PAGE_SIZE);
    assert_write(APIC_BASE_MSR, ENABLED);
    assert_int_equal(rig.at_an_address, 2);
    assert_write(APIC_BASE_MSR, ENABLED);
    assert_int_equal(rig.at_an_address, 2);
}

static void base_rejects_reserved(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        bool reserved = bit < 8 || bit == 9 || bit >= FAKE_MAXPHYADDR;

        if (reserved)
            assert_write_gp(APIC_BASE_MSR, ENABLED | BIT(bit));
    }
    assert_write_gp(APIC_BASE_MSR, APIC_BASE_DEFAULT | APIC_BASE_X2);
    assert_write(APIC_BASE_MSR, ENABLED);
    assert_write(APIC_BASE_MSR, ENABLED ^ BIT(FAKE_MAXPHYADDR - 1));
}

static void disabling_forgets_all(void **state)
{
    struct vcpu *v = &rig.vcpu[0];

    (void)state;
    lapic_raise(v, 0x40);
    lapic_raise(v, 0x50);
    lapic_accept(v, 0x50);
    assert_write(X2(TPR), 0x20);
    assert_write(X2(TIMER), 0x60);
    assert_write(X2(INITIAL), 1000);
    assert_write(X2(DIVIDE), 0xb);
    assert_write(X2(ICR), 1); /* an illegal vector */
    assert_write(X2(ESR), 0);
    assert_write(X2(ICR), 1);
    assert_write(APIC_BASE_MSR, APIC_BASE_DEFAULT);
    assert_false(lapic_enabled(v));
    assert_int_equal(lapic_pending(v), -1);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_int_equal(hw_tpr(v), 0);
    lapic_raise(v, 0x70);
    v->pub.irr[3] |= 1; /* came in while the APIC went off */
    assert_int_equal(lapic_pending(v), -1);
    assert_write(APIC_BASE_MSR, ENABLED);
    assert_write(APIC_BASE_MSR, ENABLED | APIC_BASE_X2);
    assert_int_equal(lapic_pending(v), -1);
    assert_reads(X2(SVR), 0xff);
    assert_reads(X2(TIMER), 0x10000);
    assert_reads(X2(TPR), 0);
    assert_reads(X2(INITIAL), 0);
    assert_reads(X2(DIVIDE), 0);
    assert_reads(X2(ICR), 0);
    assert_reads(X2(ESR), 0);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0);
    for (unsigned i = 0; i < 8; i++)
        assert_reads(X2(ISR) + i, 0);
}

static void init_keeps_the_base(void **state)
{
    (void)state;
    assert_write(X2(LINT0), 0x400);
    lapic_init(&rig.vcpu[0]);
    assert_reads(APIC_BASE_MSR, ENABLED | APIC_BASE_X2);
    assert_reads(X2(SVR), 0xff);
    assert_reads(X2(LINT0), 0x10000);
    assert_false(lapic_enabled(&rig.vcpu[0]));
}

static void identification(void **state)
{
    u64 value;

    (void)state;
    assert_reads(X2(ID), 0);
    assert_reads(X2(LDR), 1);
    assert_int_equal(rig_read(2, X2(ID), &value), OUTCOME_DONE);
    assert_int_equal(value, 2);
    assert_int_equal(rig_read(2, X2(LDR), &value), OUTCOME_DONE);
    assert_int_equal(value, 4);
    assert_reads(X2(VERSION), 0x50014);
}

/* Every register: may it be read, may it be written with 0, and which bits of a write are not reserved? */
static void register_map(void **state)
{
    static const struct {
        u8 reg, last;
        bool read, write;
        u64 bits;
    } map[] = {
        {ID, ID, 1, 0, 0},
        {VERSION, VERSION, 1, 0, 0},
        {TPR, TPR, 1, 1, 0xff},
        {PPR, PPR, 1, 0, 0},
        {EOI, EOI, 0, 1, 0},
        {LDR, LDR, 1, 0, 0},
        {SVR, SVR, 1, 1, 0x1ff},
        {ISR, IRR + 7, 1, 0, 0},
        {ESR, ESR, 1, 1, 0},
        {ICR, ICR, 1, 1, 0xffffffff000ccfff},
        {TIMER, TIMER, 1, 1, 0x710ff},
        {THERMAL, PERF, 1, 1, 0x117ff},
        {LINT0, LINT1, 1, 1, 0x1f7ff},
        {ERROR, ERROR, 1, 1, 0x110ff},
        {INITIAL, INITIAL, 1, 1, 0xffffffff},
        {CURRENT, CURRENT, 1, 0, 0},
        {DIVIDE, DIVIDE, 1, 1, 0xb},
        {SELF_IPI, SELF_IPI, 0, 1, 0xff},
    };

    (void)state;
    for (unsigned reg = 0; reg <= 0xff; reg++) {
        bool read = false, write = false;
        u64 bits = 0, value;

        for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
            if (reg >= map[i].reg && reg <= map[i].last) {
                read = map[i].read;
                write = map[i].write;
                bits = map[i].bits;
            }
        assert_int_equal(rig_read(0, X2(reg), &value), read ? OUTCOME_DONE : OUTCOME_GP);
        assert_int_equal(rig_write(0, X2(reg), 0), write ? OUTCOME_DONE : OUTCOME_GP);
        for (unsigned bit = 0; bit < 64; bit++)
            assert_int_equal(rig_write(0, X2(reg), BIT(bit)), bits >> bit & 1 ? OUTCOME_DONE : OUTCOME_GP);
    }
    assert_write_gp(X2(TIMER), 0x60000);
}

static void registers_read_back(void **state)
{
    (void)state;
    assert_write(X2(SVR), 0x1ab);
    assert_reads(X2(SVR), 0x1ab);
    assert_write(X2(LINT0), 0x1f7ff);
    assert_reads(X2(LINT0), 0x1a7ff); /* delivery status and remote IRR are read-only */
    assert_write(X2(LINT1), 0x400);
    assert_reads(X2(LINT1), 0x400);
    assert_write(X2(THERMAL), 0x117ff);
    assert_reads(X2(THERMAL), 0x107ff);
    assert_write(X2(PERF), 0x4ee);
    assert_reads(X2(PERF), 0x4ee);
    assert_write(X2(ERROR), 0xfe);
    assert_reads(X2(ERROR), 0xfe);
    assert_write(X2(TIMER), 0x200ef);
    assert_reads(X2(TIMER), 0x200ef);
    assert_write(X2(DIVIDE), 0xb);
    assert_reads(X2(DIVIDE), 0xb);
    assert_reads(X2(TMR), 0);
    assert_write(X2(ICR), 0x00000005000000f0);
    assert_reads(X2(ICR), 0x00000005000000f0);
}

static void software_disable_masks(void **state)
{
    (void)state;
    assert_write(X2(LINT0), 0x400);
    assert_write(X2(SVR), 0xff);
    assert_false(lapic_enabled(&rig.vcpu[0]));
    assert_reads(X2(LINT0), 0x10400);
    assert_write(X2(LINT0), 0x400);
    assert_write(X2(TIMER), 0x40);
    assert_reads(X2(LINT0), 0x10400);
    assert_reads(X2(TIMER), 0x10040);
    assert_write(X2(SVR), 0x1ff);
    assert_reads(X2(LINT0), 0x10400);
    assert_write(X2(LINT0), 0x400);
    assert_reads(X2(LINT0), 0x400);
}

/* A3-33: both ways of enabling the APIC look at the finished page faults again, once each. */
static void enabling_reevaluates(void **state)
{
    (void)state;
    assert_write(APIC_BASE_MSR, ENABLED | APIC_BASE_X2);
    assert_int_equal(rig.reevaluated, 0);
    assert_write(X2(SVR), 0x1ff);
    assert_int_equal(rig.reevaluated, 1);
    assert_write(X2(SVR), 0x1fe);
    assert_int_equal(rig.reevaluated, 1);
    assert_write(X2(SVR), 0xff);
    assert_write(X2(SVR), 0x1ff);
    assert_int_equal(rig.reevaluated, 2);
}

int main(void)
{
#define test(f, setup) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        test(starts_in_xapic_mode, rig_setup_reset),
        test(base_transitions, rig_setup_reset),
        test(base_moves, rig_setup_reset),
        test(base_rejects_reserved, rig_setup_reset),
        test(disabling_forgets_all, rig_setup),
        test(init_keeps_the_base, rig_setup),
        test(identification, rig_setup),
        test(register_map, rig_setup),
        test(registers_read_back, rig_setup),
        test(software_disable_masks, rig_setup),
        test(enabling_reevaluates, rig_setup_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
