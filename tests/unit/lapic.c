/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic.c: tests of how the local APIC takes requests, compares priorities and reports errors. */
#include "lapic_rig.h"

static void raise_requests(void **state)
{
    struct vcpu *v = &rig.vcpu[1];

    (void)state;
    lapic_raise(v, 0x91);
    assert_int_equal(rig.requested[1], REQ_EVENT);
    assert_int_equal(v->pub.irr[4], 1u << 17);
    assert_int_equal(lapic_pending(v), 0x91);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), -1);
}

static void raise_is_lost_when_disabled(void **state)
{
    (void)state;
    assert_write(X2(SVR), 0xff);
    lapic_raise(&rig.vcpu[0], 0x91);
    assert_int_equal(rig.requested[0], 0);
    assert_write(X2(SVR), 0x1ff);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), -1);
}

/* Requested before the disable: still delivered (SDM 10.4.7.2). */
static void held_interrupts_survive_software_disable(void **state)
{
    (void)state;
    lapic_raise(&rig.vcpu[0], 0x91);
    assert_write(X2(SVR), 0xff);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), 0x91);
}

static void highest_vector_first(void **state)
{
    struct vcpu *v = &rig.vcpu[0];

    (void)state;
    for (unsigned vector = 16; vector < 256; vector++) {
        lapic_raise(v, vector);
        assert_int_equal(lapic_pending(v), vector);
    }
    for (unsigned vector = 255; vector >= 16; vector--) {
        assert_int_equal(lapic_pending(v), vector);
        lapic_accept(v, vector);
        assert_write(X2(EOI), 0);
    }
    assert_int_equal(lapic_pending(v), -1);
}

static void in_service_blocks_its_class(void **state)
{
    struct vcpu *v = &rig.vcpu[0];

    (void)state;
    lapic_raise(v, 0x45);
    lapic_accept(v, 0x45);
    assert_reads(X2(ISR) + 2, 1 << 5);
    assert_reads(X2(IRR) + 2, 0);
    assert_reads(X2(PPR), 0x40);
    lapic_raise(v, 0x4f);
    assert_int_equal(lapic_pending(v), -1);
    assert_int_equal(lapic_waiting(v), -1);
    lapic_raise(v, 0x50);
    assert_int_equal(lapic_pending(v), 0x50);
    lapic_accept(v, 0x50);
    assert_write(X2(EOI), 0); /* ends 0x50, the highest */
    assert_reads(X2(PPR), 0x40);
    assert_int_equal(lapic_pending(v), -1);
    assert_write(X2(EOI), 0);
    assert_int_equal(lapic_pending(v), 0x4f);
    assert_write(X2(EOI), 0); /* with nothing in service: no effect */
    assert_write_gp(X2(EOI), 1);
}

/* CR8 changes without an exit: the priority is the hardware's, and a blocked vector is named for the window. */
static void task_priority(void **state)
{
    struct vcpu *v = &rig.vcpu[0];

    (void)state;
    lapic_raise(v, 0x45);
    assert_write(X2(TPR), 0xff);
    assert_int_equal(hw_tpr(v), 0xf0);
    assert_write(X2(TPR), 0x4c);
    assert_int_equal(hw_tpr(v), 0x40);
    assert_reads(X2(TPR), 0x4c);
    assert_reads(X2(PPR), 0x4c);
    assert_int_equal(lapic_pending(v), -1);
    assert_int_equal(lapic_waiting(v), 0x45);
    hw_set_tpr(v, 0x30);
    assert_reads(X2(TPR), 0x30);
    assert_int_equal(lapic_pending(v), 0x45);
    hw_set_tpr(v, 0xf0);
    assert_int_equal(lapic_pending(v), -1);
    lapic_accept(v, 0x45);
    assert_write(X2(TPR), 0x33);
    assert_reads(X2(TPR), 0x33);
    assert_reads(X2(PPR), 0x40);
    assert_write(X2(TPR), 0x4c); /* the class in service: the sub-class is the task's */
    assert_reads(X2(PPR), 0x4c);
}

/* A3-41 */
static void class_zero_is_never_delivered(void **state)
{
    struct vcpu *v = &rig.vcpu[0];

    (void)state;
    for (unsigned vector = 0; vector < 16; vector++) {
        lapic_raise(v, vector);
        assert_reads(X2(IRR), (1u << (vector + 1)) - 1);
        assert_int_equal(lapic_pending(v), -1);
        assert_int_equal(lapic_waiting(v), -1);
    }
    lapic_raise(v, 31);
    assert_int_equal(lapic_pending(v), 31);
}

static void error_status_is_latched_by_a_write(void **state)
{
    (void)state;
    assert_write(X2(ICR), 0x0f);
    assert_reads(X2(ESR), 0);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0x20);
    assert_write(X2(SELF_IPI), 3);
    assert_reads(X2(ESR), 0x20);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0x60);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0);
    assert_write_gp(X2(ESR), 1);
    assert_reads(X2(IRR), 0);
}

static void error_interrupt(void **state)
{
    (void)state;
    assert_write(X2(ERROR), 0xfe);
    assert_write(X2(ICR), 0x0f);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), 0xfe);
    lapic_accept(&rig.vcpu[0], 0xfe);
    assert_write(X2(EOI), 0);
    assert_write(X2(ERROR), 0x100fe);
    assert_write(X2(ICR), 0x0f);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), -1);
    assert_write(X2(ERROR), 0x10);
    assert_write(X2(ICR), 0x0f);
    assert_int_equal(lapic_pending(&rig.vcpu[0]), 0x10);
    lapic_accept(&rig.vcpu[0], 0x10);
    assert_write(X2(EOI), 0);
    assert_write(X2(ERROR), 0x02); /* its own vector is illegal */
    assert_write(X2(ICR), 0x0f);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0x60);
    assert_reads(X2(IRR), 0);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        test(raise_requests),
        test(raise_is_lost_when_disabled),
        test(held_interrupts_survive_software_disable),
        test(highest_vector_first),
        test(in_service_blocks_its_class),
        test(task_priority),
        test(class_zero_is_never_delivered),
        test(error_status_is_latched_by_a_write),
        test(error_interrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
