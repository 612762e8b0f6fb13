/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_ipi.c: tests of interprocessor interrupts: who gets one, and what each kind does. */
#include "lapic_rig.h"

#define VECTOR    0x87
#define FIXED     0x000
#define LOWEST    0x100
#define SMI       0x200
#define NMI       0x400
#define INIT      0x500
#define STARTUP   0x600
#define LOGICAL   0x800
#define ASSERT    0x4000
#define LEVEL     0x8000
#define SELF      0x40000
#define ALL       0x80000
#define OTHERS    0xc0000
#define DEST(id)  ((u64)(id) << 32)
#define BROADCAST DEST(0xffffffff)

/* The vCPUs that have the vector, one bit each; it is taken from them. */
static unsigned got(void)
{
    unsigned who = 0;

    for (unsigned i = 0; i < RIG_VCPUS; i++)
        if (lapic_pending(&rig.vcpu[i]) == VECTOR) {
            assert_int_equal(rig.requested[i], REQ_EVENT);
            lapic_accept(&rig.vcpu[i], VECTOR);
            assert_int_equal(rig_write(i, X2(EOI), 0), OUTCOME_DONE);
            who |= 1u << i;
        } else {
            assert_int_equal(rig.requested[i], 0);
        }
    memset(rig.requested, 0, sizeof(rig.requested));
    return who;
}

static void destinations(void **state)
{
    static const struct {
        u64 icr;
        unsigned who;
    } sends[] = {
        {DEST(0), 1},
        {DEST(1), 2},
        {DEST(2), 4},
        {DEST(3), 0},
        {DEST(0x100), 0},
        {DEST(0xff), 0}, /* broadcast of the xAPIC only */
        {BROADCAST, 7},
        {DEST(2) | LOWEST, 4},
        {DEST(1) | LEVEL | ASSERT, 2},
        {DEST(0) | LOGICAL, 0},
        {DEST(1) | LOGICAL, 1},
        {DEST(2) | LOGICAL, 2},
        {DEST(6) | LOGICAL, 6},
        {DEST(6) | LOGICAL | LOWEST, 6},
        {DEST(0xffff) | LOGICAL, 7},
        {DEST(0x10007) | LOGICAL, 0}, /* another cluster */
        {BROADCAST | LOGICAL, 7},
        {SELF, 1},
        {SELF | DEST(2), 1},
        {SELF | LOWEST, 0}, /* no such combination */
        {ALL, 7},
        {ALL | LOWEST, 0},
        {OTHERS, 6},
        {OTHERS | LOWEST, 6},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(sends); i++) {
        assert_write(X2(ICR), sends[i].icr | VECTOR);
        assert_int_equal(got(), sends[i].who);
        assert_reads(X2(ICR), sends[i].icr | VECTOR);
    }
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0);
}

static void self_ipi(void **state)
{
    (void)state;
    assert_write(X2(SELF_IPI), VECTOR);
    assert_int_equal(got(), 1);
    assert_write(X2(SELF_IPI), 16); /* the lowest legal one */
    assert_int_equal(lapic_pending(&rig.vcpu[0]), 16);
    lapic_accept(&rig.vcpu[0], 16);
    assert_write(X2(EOI), 0);
    rig.requested[0] = 0;
    assert_write_gp(X2(SELF_IPI), 0x100 | VECTOR);
    assert_int_equal(got(), 0);
}

static void illegal_vectors_are_not_sent(void **state)
{
    (void)state;
    for (unsigned vector = 0; vector < 16; vector++)
        assert_write(X2(ICR), ALL | vector);
    for (unsigned i = 0; i < RIG_VCPUS; i++)
        assert_int_equal(rig.vcpu[i].pub.irr[0], 0);
    assert_write(X2(ICR), ALL | 16);
    for (unsigned i = 0; i < RIG_VCPUS; i++)
        assert_int_equal(rig.vcpu[i].pub.irr[0], 1 << 16);
}

/* #GP leaves the register as it was and sends nothing (D12). */
static void reserved_bits(void **state)
{
    (void)state;
    assert_write(X2(ICR), DEST(1) | VECTOR);
    got();
    for (unsigned bit = 12; bit < 32; bit++) {
        if (bit == 14 || bit == 15 || bit == 18 || bit == 19)
            continue;
        assert_write_gp(X2(ICR), DEST(2) | VECTOR | BIT(bit));
        assert_int_equal(got(), 0);
        assert_reads(X2(ICR), DEST(1) | VECTOR);
    }
}

/* An APIC that is disabled by software still sends, and still takes NMI, INIT and SIPI. */
static void disabled_apics(void **state)
{
    (void)state;
    assert_write(X2(SVR), 0xff);
    assert_write(X2(ICR), BROADCAST | VECTOR);
    assert_int_equal(got(), 6);
    lapic_reset(&rig.vcpu[1]);
    assert_write(X2(ICR), DEST(1) | VECTOR);
    assert_int_equal(got(), 0);
    assert_write(X2(ICR), DEST(1) | NMI);
    assert_int_equal(rig.vcpu[1].pub.nmi, 1);
}

static void nmi(void **state)
{
    (void)state;
    assert_write(X2(ICR), OTHERS | NMI | 2);
    for (unsigned i = 0; i < RIG_VCPUS; i++) {
        assert_int_equal(rig.vcpu[i].pub.nmi, i != 0);
        assert_int_equal(rig.vcpu[i].pub.init, 0);
        assert_int_equal(rig.requested[i], i ? REQ_EVENT : 0);
    }
    assert_write(X2(ICR), SELF | NMI);
    assert_int_equal(rig.vcpu[0].pub.nmi, 0);
}

static void init_and_startup(void **state)
{
    struct vcpu_pub *p = &rig.vcpu[1].pub;

    (void)state;
    assert_write(X2(ICR), DEST(1) | INIT | ASSERT);
    assert_int_equal(p->init, 1);
    assert_int_equal(rig.requested[1], REQ_EVENT);
    assert_int_equal(p->sipi, SIPI_NONE);
    rig.requested[1] = 0;
    assert_write(X2(ICR), DEST(1) | STARTUP | 0x09);
    assert_int_equal(p->sipi, 0x09);
    assert_int_equal(rig.requested[1], REQ_EVENT);
    assert_write(X2(ICR), DEST(1) | INIT); /* takes the start-up before it back */
    assert_int_equal(p->sipi, SIPI_NONE);
    assert_int_equal(rig.vcpu[2].pub.init, 0);
    assert_int_equal(rig.vcpu[2].pub.sipi, SIPI_NONE);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0);
}

static void no_effect(void **state)
{
    static const u64 sends[] = {INIT | LEVEL, SMI, 0x300, 0x700};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(sends); i++) {
        assert_write(X2(ICR), OTHERS | sends[i] | VECTOR);
        assert_int_equal(got(), 0);
        assert_int_equal(rig.vcpu[1].pub.init, 0);
    }
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        test(destinations),     test(self_ipi),       test(illegal_vectors_are_not_sent),
        test(reserved_bits),    test(disabled_apics), test(nmi),
        test(init_and_startup), test(no_effect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
