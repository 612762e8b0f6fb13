/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_shadow.c: an exit in an interrupt shadow never lets an interrupt in early, and never holds one back for ever. */
#include "svm_rig.h"
#include "../../arch/x86_64/host/gwalk.c"
#include "../../arch/x86_64/host/svm_insn.c"
#include "../../arch/x86_64/host/svm_shadow.c"

#define VMCB (rig.hw.vmcb)

#define APIC_PAGE 0xfee00000u

/* In place of lapic_mmio.c. */
bool lapic_at(const struct vcpu *v, gpa_t gpa)
{
    assert_ptr_equal(v, &rig.v);
    return gpa_gfn(gpa).v == APIC_PAGE / PAGE_SIZE;
}

/* The guest was at `rip`, in a shadow, with IF = 1. */
static void exit_in_shadow(u64 code, u64 rip)
{
    VMCB.exit_code = code;
    VMCB.int_state = SVM_INT_SHADOW;
    VMCB.rflags = RFLAGS_IF;
    VMCB.rip = rip;
}

static bool stepped_back(void)
{
    return VMCB.rip == RIG_CODE && !(VMCB.rflags & RFLAGS_IF) && !svm_shadow(&rig.hw);
}

static bool held(void)
{
    return VMCB.rip == RIG_CODE + 1 && VMCB.rflags & RFLAGS_IF && svm_shadow(&rig.hw);
}

static void sti_is_run_again(void **state)
{
    static const u64 codes[] = {SVM_EXIT_NPF, SVM_EXIT_INTR, SVM_EXIT_NMI, SVM_EXIT_INIT};

    (void)state;
    rig_code(RIG_CODE, "\xfb\xf4", 2);
    for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
        exit_in_shadow(codes[i], RIG_CODE + 1);
        svm_shadow_exit(&rig.v);
        assert_true(stepped_back());
    }
}

/* What it does there will be done: its own instruction is looked at, and ends the shadow. If not, it is run again. */
static void at_the_apic_page(void **state)
{
    (void)state;
    rig_code(RIG_CODE, "\xfb\x89\x07", 3);
    VMCB.exit_info2 = APIC_PAGE + 0xb0;
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    assert_true(held());
    svm_again(&rig.v);
    assert_true(stepped_back());
}

static void not_an_sti(void **state)
{
    (void)state;
    rig_code(RIG_CODE, "\xd0\xf4", 2); /* the end of MOV SS, EAX */
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    assert_true(held());
}

/* Its exit completes it, or it has pushed something already, or STI would fault. */
static void not_to_be_run_again(void **state)
{
    (void)state;
    rig_code(RIG_CODE, "\xfb\xf4", 2);
    exit_in_shadow(SVM_EXIT_HLT, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    assert_true(held());

    rig_reset(NULL);
    rig_code(RIG_CODE, "\xfb\xf4", 2);
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    VMCB.exit_int_info = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VEC_PF;
    svm_shadow_exit(&rig.v);
    assert_true(held());

    rig_reset(NULL);
    rig_code(RIG_CODE, "\xfb\xf4", 2);
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    VMCB.cpl = 3;
    svm_shadow_exit(&rig.v);
    assert_true(held());
}

/* A HLT whose exit is put off: what it waits for must not come in before it. */
static void exit_is_put_off(void **state)
{
    (void)state;
    rig_code(RIG_CODE, "\xfb\xf4", 2);
    exit_in_shadow(SVM_EXIT_HLT, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    svm_again(&rig.v);
    assert_true(stepped_back());
    svm_again(&rig.v); /* no shadow any more */
    assert_true(stepped_back());

    rig_reset(NULL);
    rig_code(RIG_CODE, "\xd0\xf4", 2);
    exit_in_shadow(SVM_EXIT_HLT, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    svm_again(&rig.v);
    assert_true(held());
}

static void page_with_the_sti_is_away(void **state)
{
    (void)state;
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    ram.absent[RIG_CODE / PAGE_SIZE] = true;
    svm_shadow_exit(&rig.v);
    assert_true(held());
}

/* The hardware has forgotten the shadow and exits again and again at the same place. */
static void gives_in_at_the_limit(void **state)
{
    unsigned entries = 0;

    (void)state;
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    VMCB.int_state = 0;
    VMCB.exit_code = SVM_EXIT_VINTR;
    for (; svm_shadow(&rig.hw) && entries < 100; entries++)
        svm_shadow_exit(&rig.v);
    assert_int_equal(entries, SHADOW_ENTRIES);
}

static void ends_with_the_instruction(void **state)
{
    (void)state;
    exit_in_shadow(SVM_EXIT_NPF, RIG_CODE + 1);
    svm_shadow_exit(&rig.v);
    VMCB.int_state = 0;
    VMCB.rip = RIG_CODE + 5;
    svm_shadow_exit(&rig.v);
    assert_false(svm_shadow(&rig.hw));
    VMCB.rip = RIG_CODE + 1; /* back again, by a jump: no shadow */
    svm_shadow_exit(&rig.v);
    assert_false(svm_shadow(&rig.hw));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sti_is_run_again, rig_reset),
        cmocka_unit_test_setup(at_the_apic_page, rig_reset),
        cmocka_unit_test_setup(not_an_sti, rig_reset),
        cmocka_unit_test_setup(not_to_be_run_again, rig_reset),
        cmocka_unit_test_setup(exit_is_put_off, rig_reset),
        cmocka_unit_test_setup(page_with_the_sti_is_away, rig_reset),
        cmocka_unit_test_setup(gives_in_at_the_limit, rig_reset),
        cmocka_unit_test_setup(ends_with_the_instruction, rig_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
