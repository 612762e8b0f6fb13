/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_msr.c: MSRs keep what may be written, refuse what may not without a trace, and do not tell of SVM. */
#include "svm_rig.h"
#include "../../arch/x86_64/host/guest_msr.c"
#include "../../arch/x86_64/host/svm_msr.c"

#define VMCB (rig.hw.vmcb)

static enum outcome rd(u32 index, u64 *value)
{
    struct exit e = {.kind = EXIT_MSR, .msr = {.index = index}};
    enum outcome o = svm_msr(&rig.v, &e);

    *value = e.msr.value;
    return o;
}

static enum outcome wr(u32 index, u64 value)
{
    struct exit e = {.kind = EXIT_MSR, .msr = {.index = index, .write = true, .value = value}};

    return svm_msr(&rig.v, &e);
}

static void efer_hides_svme(void **state)
{
    u64 value;

    (void)state;
    assert_int_equal(rd(MSR_EFER, &value), OUTCOME_DONE);
    assert_int_equal(value, EFER_LME | EFER_LMA);
    assert_int_equal(wr(MSR_EFER, value | EFER_SVME), OUTCOME_GP);
    assert_int_equal(wr(MSR_EFER, value | EFER_NXE), OUTCOME_DONE);
    assert_int_equal(VMCB.efer, EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME);
    assert_true(rig.hw.flush);
}

static void efer_refuses(void **state)
{
    u64 before = VMCB.efer;

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++)
        if (!(BIT(bit) & (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)))
            assert_int_equal(wr(MSR_EFER, EFER_LME | BIT(bit)), OUTCOME_GP);
    assert_int_equal(wr(MSR_EFER, 0), OUTCOME_GP); /* LME under paging */
    assert_int_equal(VMCB.efer, before);
    VMCB.cr0 &= ~(u64)CR0_PG;
    assert_int_equal(wr(MSR_EFER, 0), OUTCOME_DONE);
    assert_int_equal(VMCB.efer & EFER_LME, 0);
}

static void pat_types(void **state)
{
    u64 value;

    (void)state;
    for (u64 type = 0; type < 256; type++) {
        bool legal = type <= 7 && type != 2 && type != 3;

        VMCB.g_pat = 0;
        assert_int_equal(wr(MSR_PAT, type << 24), legal ? OUTCOME_DONE : OUTCOME_GP);
        assert_int_equal(rd(MSR_PAT, &value), OUTCOME_DONE);
        assert_int_equal(value, legal ? type << 24 : 0);
    }
}

static void constants_and_strangers(void **state)
{
    u64 value;

    (void)state;
    assert_int_equal(wr(MSR_UCODE_REV, 7), OUTCOME_DONE);
    assert_int_equal(rd(MSR_UCODE_REV, &value), OUTCOME_DONE);
    assert_int_equal(value, 0);
    assert_int_equal(rd(MSR_TSC, &value), OUTCOME_DONE);
    VMCB.tsc_offset = 1ull << 62;
    assert_int_equal(rd(MSR_TSC, &value), OUTCOME_DONE);
    assert_true(value >= 1ull << 62);
    assert_int_equal(wr(MSR_TSC, 0), OUTCOME_GP);
    assert_int_equal(rd(MSR_VM_HSAVE_PA, &value), OUTCOME_GP);
    assert_int_equal(rd(MSR_MTRR_CAP, &value), OUTCOME_GP);
    assert_int_equal(wr(MSR_TSC_AUX, 0), OUTCOME_GP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(efer_hides_svme, rig_reset),
        cmocka_unit_test_setup(efer_refuses, rig_reset),
        cmocka_unit_test_setup(pat_types, rig_reset),
        cmocka_unit_test_setup(constants_and_strangers, rig_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
