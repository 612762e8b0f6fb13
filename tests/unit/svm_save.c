/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_save.c: all of a vCPU that its guest can tell comes back; what is the host's stays the host's. */
#include <stdlib.h>
#include "svm_rig.h"
#include "../../arch/x86_64/host/svm_reset.c"
#include "../../arch/x86_64/host/svm_save.c"

#define VMCB (rig.hw.vmcb)

struct svm_features svm;
static u8 state_bytes[HW_STATE_BYTES] __attribute__((aligned(16)));
static struct svm_state *const image = (struct svm_state *)state_bytes;

void *port_zalloc(size_t bytes)
{
    return calloc(1, bytes);
}

void port_zfree(void *p, size_t bytes)
{
    (void)bytes;
    free(p);
}

hpa_t port_hpa(const void *p)
{
    return (hpa_t){(u64)(uintptr_t)p};
}

static int reset(void **state)
{
    rig_reset(state);
    memset(state_bytes, 0, sizeof(state_bytes));
    return 0;
}

/* A vCPU of its own: as svm_vcpu_init() makes it. */
static struct vcpu fresh(void)
{
    struct vcpu v = {.vm = &rig.vm};

    assert_true(svm_vcpu_init(&v));
    return v;
}

static void everything(void **state)
{
    u8 *guest = (u8 *)&VMCB + STATE_FIRST;
    struct vcpu to = fresh();
    struct vmcb *c = &to.hw->vmcb;
    u64 host = c->intercept_misc2;

    (void)state;
    for (unsigned i = 0; i < STATE_BYTES; i++)
        guest[i] = (u8)(i * 7 + 1);
    VMCB.efer = EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE;
    memset(rig.hw.fpu, 0x5a, sizeof(rig.hw.fpu));
    *(u32 *)(rig.hw.fpu + FX_MXCSR) = 0x1f80;
    memset(&rig.hw.gpr, 0x77, sizeof(rig.hw.gpr));
    memset(rig.hw.dr, 0x66, sizeof(rig.hw.dr));
    VMCB.v_intr = SVM_V_INTR_MASKING | SVM_V_IRQ | 9;
    VMCB.int_state = SVM_INT_SHADOW;
    VMCB.event_inj = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | SVM_EVENT_HAS_ERROR | 14;
    VMCB.tsc_offset = VMCB.n_cr3 = VMCB.asid = 1234;
    rig.hw.next_rip = 11;
    rig.hw.shadow_rip = 12;
    rig.hw.shadow_left = 3;
    rig.hw.iret_rip = 13;
    svm_save(&rig.v, state_bytes);
    assert_true(svm_restorable(state_bytes));
    svm_restore(&to, state_bytes);
    assert_memory_equal((u8 *)c + STATE_FIRST, guest, STATE_BYTES);
    assert_memory_equal(to.hw->fpu, rig.hw.fpu, sizeof(rig.hw.fpu));
    assert_memory_equal(&to.hw->gpr, &rig.hw.gpr, sizeof(rig.hw.gpr));
    assert_memory_equal(to.hw->dr, rig.hw.dr, sizeof(rig.hw.dr));
    assert_int_equal(c->v_intr, SVM_V_INTR_MASKING | SVM_V_IGN_TPR | 9); /* a window is asked for anew */
    assert_int_equal(c->int_state, SVM_INT_SHADOW);
    assert_int_equal(c->event_inj, VMCB.event_inj);
    assert_int_equal(to.hw->next_rip, 11);
    assert_int_equal(to.hw->shadow_rip, 12);
    assert_int_equal(to.hw->shadow_left, 3);
    assert_int_equal(to.hw->iret_rip, 13);
    assert_int_equal(c->intercept_misc2, host);
    assert_int_equal(c->n_cr3 | c->asid | c->tsc_offset, 0);
    assert_true(to.hw->flush);
    svm_vcpu_free(&to);
}

static void nmi_handlers(void **state)
{
    (void)state;
    for (enum nmi_state n = NMI_OPEN; n <= NMI_IN_IRET; n++) {
        struct vcpu to = fresh();

        rig.hw.nmi = n;
        svm_save(&rig.v, state_bytes);
        assert_true(svm_restorable(state_bytes));
        svm_restore(&to, state_bytes);
        assert_int_equal(to.hw->nmi, n);
        assert_int_equal(!!(to.hw->vmcb.intercept_misc1 & SVM_MISC1_IRET), n == NMI_IN_HANDLER);
        svm_vcpu_free(&to);
    }
}

#define LIE(lie)                                   \
    do {                                           \
        svm_save(&rig.v, state_bytes);             \
        lie;                                       \
        assert_false(svm_restorable(state_bytes)); \
    } while (0)

/* FXRSTOR of these would be a fault of the host's; VMRUN without SVME is a bug of ours. */
static void lies(void **state)
{
    const u32 mxcsr = 0x10000;
    u64 efer = EFER_SVME | BIT(20);

    (void)state;
    svm_save(&rig.v, state_bytes);
    assert_true(svm_restorable(state_bytes));
    LIE(image->magic++);
    LIE(image->nmi = NMI_IN_IRET + 1);
    LIE(image->cr8 = 16);
    LIE(memcpy(image->fpu + FX_MXCSR, &mxcsr, sizeof(mxcsr)));
    LIE(memcpy(image->vmcb + offsetof(struct vmcb, efer) - STATE_FIRST, &efer, sizeof(efer)));
    efer = EFER_LME;
    LIE(memcpy(image->vmcb + offsetof(struct vmcb, efer) - STATE_FIRST, &efer, sizeof(efer)));
}

/* The CPU's FPU registers are not said to equal an image that is gone. */
static void freed(void **state)
{
    struct vcpu gone = fresh(), other = fresh();
    struct svm_cpu cpu = {.fpu = other.hw->fpu};

    (void)state;
    gone.hw->cpu = other.hw->cpu = &cpu;
    svm_vcpu_free(&gone);
    assert_ptr_equal(cpu.fpu, other.hw->fpu);
    svm_vcpu_free(&other);
    assert_null(cpu.fpu);
}

static void counter(void **state)
{
    (void)state;
    svm_set_tsc_offset(&rig.v, 55);
    assert_int_equal(VMCB.tsc_offset, 55);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything, reset), cmocka_unit_test_setup(nmi_handlers, reset),
        cmocka_unit_test_setup(lies, reset),       cmocka_unit_test_setup(freed, reset),
        cmocka_unit_test_setup(counter, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
