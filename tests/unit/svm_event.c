/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_event.c: events wait where the VMCB wants them, survive an exit during delivery, and respect masks. */
#include <stdlib.h>
#define write_cr2 machine_write_cr2
#include "cpu.h"
#undef write_cr2

static u64 cr2; /* the register; its instruction keeps another name */

static void write_cr2(u64 v)
{
    cr2 = v;
}

#include "svm_rig.h"
#include "../../arch/x86_64/host/gwalk.c"
#include "../../arch/x86_64/host/svm_cr8.c"
#include "../../arch/x86_64/host/svm_insn.c"
#include "../../arch/x86_64/host/svm_event.c"

#define VMCB (rig.hw.vmcb)

struct svm_features svm;

/* svm.c has the real one. */
void svm_step_over(struct hw_vcpu *hw)
{
    hw->vmcb.rip = hw->next_rip;
}

_Noreturn void port_panic(const char *invariant, const char *file, int line)
{
    mock_assert(0, invariant, file, line); /* comes back to expect_assert_failure() */
    abort();
}

static void page_fault(void **state)
{
    struct svm_cpu cpu = {.loaded = &rig.hw};

    (void)state;
    rig.hw.cpu = &cpu;
    cr2 = 1;
    svm_inject_pf(&rig.v, 6, 0x1234);
    assert_int_equal(cr2, 0x1234);
    assert_int_equal(VMCB.event_inj, 14 | 3 << 8 | BIT(11) | BIT(31) | 6ull << 32);
    assert_int_equal(VMCB.cr2, 0x1234);
    assert_true(svm_event_pending(&rig.v));
    expect_assert_failure(svm_inject_gp(&rig.v)); /* one event at a time */
    VMCB.event_inj = 0;
    cpu.loaded = NULL; /* another vCPU's CR2 is in the register */
    svm_inject_pf(&rig.v, 6, 0x5678);
    assert_int_equal(VMCB.cr2, 0x5678);
    assert_int_equal(cr2, 0x1234);
}

static void kinds(void **state)
{
    (void)state;
    svm_inject_irq(&rig.v, 0xf3);
    assert_int_equal(VMCB.event_inj, 0xf3 | BIT(31));
    VMCB.event_inj = 0;
    svm_inject_ud(&rig.v);
    assert_int_equal(VMCB.event_inj, 6 | 3 << 8 | BIT(31));
    VMCB.event_inj = 0;
    svm_inject_gp(&rig.v);
    assert_int_equal(VMCB.event_inj, 13 | 3 << 8 | BIT(11) | BIT(31));
}

static u64 left_over(u64 info)
{
    VMCB.event_inj = 0;
    VMCB.exit_int_info = info;
    svm_event_return(&rig.hw);
    return VMCB.event_inj;
}

static void interrupted_delivery(void **state)
{
    const u64 pf = 14 | 3 << 8 | BIT(11) | BIT(31) | 2ull << 32;

    (void)state;
    assert_int_equal(left_over(pf), pf);
    assert_int_equal(left_over(0x50 | BIT(31)), 0x50 | BIT(31));
    assert_int_equal(left_over(0x50), 0);                    /* garbage */
    assert_int_equal(left_over(0x80 | 4 << 8 | BIT(31)), 0); /* INT n: RIP is still at it */
    assert_int_equal(left_over(3 | 3 << 8 | BIT(31)), 0);    /* INT3 */
}

static void nmi_until_after_iret(void **state)
{
    (void)state;
    assert_true(svm_nmi_open(&rig.v));
    svm_inject_nmi(&rig.v);
    assert_false(svm_nmi_open(&rig.v));
    assert_true(VMCB.intercept_misc1 & SVM_MISC1_IRET);
    VMCB.event_inj = 0;
    svm_event_iret(&rig.hw);
    assert_false(VMCB.intercept_misc1 & SVM_MISC1_IRET);
    svm_event_return(&rig.hw); /* still at the IRET */
    assert_false(svm_nmi_open(&rig.v));
    VMCB.rip += 100;
    svm_event_return(&rig.hw);
    assert_true(svm_nmi_open(&rig.v));
}

static void window_and_task_priority(void **state)
{
    (void)state;
    svm_set_tpr(&rig.v, 0x57);
    assert_int_equal(svm_tpr(&rig.v), 0x50);
    svm_irq_window(&rig.v, 0x5f);
    assert_false(VMCB.v_intr & SVM_V_IRQ); /* same class: not admitted; CR8 will tell */
    assert_true(VMCB.intercept_cr_write & SVM_CR8);
    svm_irq_window(&rig.v, 0x60);
    assert_true(VMCB.v_intr & SVM_V_IRQ);
    svm_irq_window_off(&rig.v);
    assert_false(VMCB.v_intr & SVM_V_IRQ);
    assert_false(VMCB.intercept_cr_write & SVM_CR8);
}

static void open_only_outside_a_shadow(void **state)
{
    (void)state;
    assert_false(svm_intr_open(&rig.v));
    VMCB.rflags = RFLAGS_IF;
    assert_true(svm_intr_open(&rig.v));
    VMCB.int_state = SVM_INT_SHADOW;
    assert_false(svm_intr_open(&rig.v));
    assert_true(svm_if(&rig.v));
    VMCB.int_state = 0;
    rig.hw.shadow_rip = VMCB.rip;
    rig.hw.shadow_left = 1;
    assert_false(svm_intr_open(&rig.v));
}

/* Returns the new CR8, or -1 if the write was not understood. */
static int cr8(const char *code)
{
    VMCB.rip = RIG_CODE;
    VMCB.event_inj = 0;
    rig_code(RIG_CODE, code, 4);
    return svm_cr8_write(&rig.v) ? (int)(VMCB.v_intr & SVM_V_TPR) : -1;
}

static void cr8_forms(void **state)
{
    (void)state;
    VMCB.rax = 3;
    rig.hw.gpr.rdi = 7;
    rig.hw.gpr.r8 = 9;
    rig.hw.gpr.r15 = 16;
    assert_int_equal(cr8("\x44\x0f\x22\xc0"), 3); /* mov %rax, %cr8 */
    assert_int_equal(VMCB.rip, RIG_CODE + 4);
    assert_int_equal(cr8("\x44\x0f\x22\xc7"), 7);
    assert_int_equal(cr8("\x45\x0f\x22\xc0"), 9);
    assert_int_equal(cr8("\xf0\x0f\x22\xc0"), 3);
    assert_int_equal(cr8("\x45\x0f\x22\xc7"), 3); /* %r15 = 16: #GP, nothing else */
    assert_int_equal(VMCB.rip, RIG_CODE);
    assert_true(svm_event_pending(&rig.v));
    assert_int_equal(cr8("\x44\x0f\x22\xc8"), -1); /* CR9 */
    assert_int_equal(cr8("\x41\x0f\x22\xc0"), -1); /* CR0 */
    assert_int_equal(cr8("\x44\x0f\x20\xc0"), -1);
}

static void cr8_code_is_away(void **state)
{
    (void)state;
    VMCB.rax = 3;
    ram.absent[RIG_CODE / PAGE_SIZE] = true;
    assert_int_equal(cr8("\x44\x0f\x22\xc0"), 0);
    assert_int_equal(VMCB.rip, RIG_CODE); /* run again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(page_fault, rig_reset),
        cmocka_unit_test_setup(kinds, rig_reset),
        cmocka_unit_test_setup(interrupted_delivery, rig_reset),
        cmocka_unit_test_setup(nmi_until_after_iret, rig_reset),
        cmocka_unit_test_setup(window_and_task_priority, rig_reset),
        cmocka_unit_test_setup(open_only_outside_a_shadow, rig_reset),
        cmocka_unit_test_setup(cr8_forms, rig_reset),
        cmocka_unit_test_setup(cr8_code_is_away, rig_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
