/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_mmio.c: a fault at the local APIC's page becomes the access of its instruction, or a report with the bytes. */
#include "svm_rig.h"
#include "../../arch/x86_64/host/gwalk.c"
#include "../../arch/x86_64/host/insn.c"
#include "../../arch/x86_64/host/insn_exec.c"
#include "../../arch/x86_64/host/mmio.c"
#include "../../arch/x86_64/host/svm_insn.c"
#include "../../arch/x86_64/host/svm_mmio.c"

#define VMCB (rig.hw.vmcb)
#define TPR  0xfee00080u

struct svm_features svm;
static struct exit e;

/* In place of svm_exit.c. */
void svm_exit_bad(const struct hw_vcpu *hw, struct exit *to, const char *why)
{
    to->kind = EXIT_BAD;
    to->bad.code = hw->vmcb.exit_code;
    to->bad.why = why;
    to->bad.insns = 0;
}

static enum mmio fault(u32 access)
{
    VMCB.exit_code = SVM_EXIT_NPF;
    e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = {TPR}, .access = access}};
    return svm_mmio(&rig.v, &e);
}

static void stores(void **state)
{
    (void)state;
    rig_code(RIG_CODE, "\x44\x89\x9f\x80\x00\x00\x00", 7); /* mov %r11d, 0x80(%rdi) */
    rig.hw.gpr.r11 = 0x1122334455667788;
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
    assert_int_equal(e.kind, EXIT_MMIO);
    assert_int_equal(e.mmio.gpa.v, TPR);
    assert_int_equal(e.mmio.size, 4);
    assert_true(e.mmio.write);
    assert_int_equal(e.mmio.value, 0x55667788);
    assert_int_equal(rig.hw.next_rip, RIG_CODE + 7);
    svm_mmio_complete(&rig.hw, &e);
    assert_int_equal(rig.hw.gpr.r11, 0x1122334455667788);
}

/* Each register by its number. */
static void loads(void **state)
{
    u64 *const by_number[16] = {&VMCB.rax,       &rig.hw.gpr.rcx, &rig.hw.gpr.rdx, &rig.hw.gpr.rbx,
                                &VMCB.rsp,       &rig.hw.gpr.rbp, &rig.hw.gpr.rsi, &rig.hw.gpr.rdi,
                                &rig.hw.gpr.r8,  &rig.hw.gpr.r9,  &rig.hw.gpr.r10, &rig.hw.gpr.r11,
                                &rig.hw.gpr.r12, &rig.hw.gpr.r13, &rig.hw.gpr.r14, &rig.hw.gpr.r15};

    (void)state;
    for (unsigned n = 0; n < 16; n++) {
        u8 code[3] = {n & 8 ? 0x44 : 0x40, 0x8b, (u8)((n & 7) << 3 | 7)}; /* mov (%rdi), %reg */

        rig_code(RIG_CODE, code, sizeof(code));
        *by_number[n] = ~0ull;
        assert_int_equal(fault(ACCESS_READ), MMIO_DECODED);
        assert_false(e.mmio.write);
        e.mmio.value = 0x80000000 + n;
        svm_mmio_complete(&rig.hw, &e);
        assert_int_equal(*by_number[n], 0x80000000 + n);
    }
}

static void flags(void **state)
{
    (void)state;
    rig_code(RIG_CODE, "\xf7\x07\x00\x10\x00\x00", 6); /* testl $0x1000, (%rdi) */
    VMCB.rflags = RFLAGS_IF;
    assert_int_equal(fault(ACCESS_READ), MMIO_DECODED);
    e.mmio.value = 0x80;
    svm_mmio_complete(&rig.hw, &e);
    assert_int_equal(VMCB.rflags, RFLAGS_IF | RFLAGS_ZF | RFLAGS_PF);
}

/* 16- and 32-bit code, with a segment's base; RIP has 32 bits there. */
static void code_sizes(void **state)
{
    (void)state;
    VMCB.efer &= ~(u64)EFER_LMA;
    VMCB.cr0 = CR0_PE;
    VMCB.cs.attr = SVM_SEG_ATTR_DB;
    VMCB.cs.base = RIG_CODE + 0x10;
    VMCB.rip = 0xfffffffe;
    rig_code(RIG_CODE + 0xe, "\xa3\x80\x00\xe0\xfe", 5); /* mov %eax, 0xfee00080 */
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
    assert_int_equal(e.mmio.size, 4);
    assert_int_equal(rig.hw.next_rip, 3);
    VMCB.cs.attr = 0;
    VMCB.rip = 0;
    rig_code(RIG_CODE + 0x10, "\xa3\x80\x00", 3);
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
    assert_int_equal(e.mmio.size, 2);
    assert_int_equal(rig.hw.next_rip, 3);
}

static void bytes_from_the_machine(void **state)
{
    (void)state;
    svm.decode = true;
    VMCB.insn_bytes = 15;
    memcpy(VMCB.insn, "\x89\x07\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90", 15);
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
    assert_int_equal(rig.hw.next_rip, RIG_CODE + 2);
    VMCB.insn_bytes = 14; /* not all */
    rig_code(RIG_CODE, "\xc6\x07\x08", 3);
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
    assert_int_equal(rig.hw.next_rip, RIG_CODE + 3);
    svm.decode = false;
    VMCB.insn_bytes = 15;
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
    assert_int_equal(rig.hw.next_rip, RIG_CODE + 3);
}

static void code_away(void **state)
{
    (void)state;
    VMCB.rip = RIG_CODE + PAGE_SIZE - 2;
    rig_code(RIG_CODE + PAGE_SIZE - 2, "\x89\x87\x80\x00\x00\x00", 6);
    ram.absent[RIG_CODE / PAGE_SIZE + 1] = true;
    assert_int_equal(fault(ACCESS_WRITE), MMIO_AGAIN);
    assert_int_equal(e.kind, EXIT_TDP);
    rig_code(RIG_CODE + PAGE_SIZE - 2, "\x89\x07", 2); /* the rest does not matter */
    assert_int_equal(fault(ACCESS_WRITE), MMIO_DECODED);
}

static void assert_report(const char *why, unsigned bytes)
{
    assert_int_equal(e.kind, EXIT_BAD);
    assert_string_equal(e.bad.why, why);
    assert_int_equal(e.bad.code, SVM_EXIT_NPF);
    assert_int_equal(e.bad.insns, bytes);
}

static void reports(void **state)
{
    static const char unknown[] = "unknown instruction at the APIC page";

    (void)state;
    rig_code(RIG_CODE, "\x0f\x11\x07", 3);
    assert_int_equal(fault(ACCESS_WRITE), MMIO_UNKNOWN);
    assert_report(unknown, 15);
    assert_memory_equal(e.bad.insn, "\x0f\x11\x07", 3);
    rig_code(RIG_CODE, "\x8b\x07", 2); /* a load does not write */
    assert_int_equal(fault(ACCESS_WRITE), MMIO_UNKNOWN);
    assert_report(unknown, 15);
    VMCB.exit_info1 = SVM_NPF_TABLES;
    assert_int_equal(fault(ACCESS_READ), MMIO_UNKNOWN);
    assert_report("page tables at the APIC page", 0);
    VMCB.exit_info1 = 0;
    VMCB.exit_int_info = SVM_EVENT_VALID;
    assert_int_equal(fault(ACCESS_READ), MMIO_UNKNOWN);
    assert_report("an event delivered by way of the APIC page", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(stores, rig_reset),
        cmocka_unit_test_setup(loads, rig_reset),
        cmocka_unit_test_setup(flags, rig_reset),
        cmocka_unit_test_setup(code_sizes, rig_reset),
        cmocka_unit_test_setup(bytes_from_the_machine, rig_reset),
        cmocka_unit_test_setup(code_away, rig_reset),
        cmocka_unit_test_setup(reports, rig_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
