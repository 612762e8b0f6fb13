/* SPDX-License-Identifier: BSD-2-Clause */
/* pv.c: what the guest makes of the hosts it may find itself on (A5). */
/* with: guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "boot.h"
#include "fake/machine.h"
#include "irq.h"
#include "pv.h"
#include <string.h>

#define ALL_BITS (BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_INT))

struct percpu cpus[MAX_CPUS];

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, NULL);
    return 0;
}

static void offer(u32 kvm_features, enum fl_personality personality, u32 dialects)
{
    fake_leaf(KVM_CPUID_BASE, KVM_CPUID_FEATURES, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
    fake_leaf(KVM_CPUID_FEATURES, kvm_features, 0, 0, 0);
    if (dialects) {
        fake_leaf(FL_CPUID_BASE, FL_CPUID_DIALECTS, FL_SIGNATURE_EBX, FL_SIGNATURE_ECX, FL_SIGNATURE_EDX);
        fake_leaf(FL_CPUID_DIALECTS, dialects, personality, 0, 2);
    }
    pv_init();
}

static void no_hypervisor(void **state)
{
    (void)state;
    pv_init();
    assert_int_equal(pv_probe_dialect(), APF_ABSENT);
    assert_int_equal(pv_clock_msr(), 0);
    assert_int_equal(pv_cpu_count(), 0);
    assert_int_equal(fake.writes, 0);
}

/* A7-1: the leaves may sit higher up. */
static void kvm_behind_another_interface(void **state)
{
    u32 base = KVM_CPUID_BASE + KVM_CPUID_BLOCK_STRIDE;

    (void)state;
    fake_leaf(KVM_CPUID_BASE, KVM_CPUID_FEATURES, 0x7263694d, 0x666f736f, 0x76482074);
    fake_leaf(base, base + 1, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
    fake_leaf(base + 1, BIT(KVM_FEATURE_CLOCK), 0, 0, 0);
    pv_init();
    assert_int_equal(pv_clock_msr(), PV_MSR_SYSTEM_TIME);
    assert_int_equal(pv_probe_dialect(), APF_ABSENT);
}

/* A3-6: bit 4 without bit 14 says nothing on a host that is not ours. */
static void bit_14_missing(void **state)
{
    (void)state;
    offer(BIT(KVM_FEATURE_APF), FL_APF_NONE, 0);
    assert_int_equal(pv_probe_dialect(), APF_ABSENT);
}

/* A5-4: a host that refuses bit 8 speaks INT, one that takes it PF2; the register is left at 0. */
static void probe_finds_int(void **state)
{
    (void)state;
    fake.gp_msr = PV_MSR_APF_VEC;
    fake.gp_bits = APF_VEC_RSVD;
    offer(ALL_BITS, FL_APF_NONE, 0);
    assert_int_equal(pv_probe_dialect(), APF_INT);
}

static void probe_finds_pf2(void **state)
{
    (void)state;
    offer(ALL_BITS, FL_APF_NONE, 0);
    assert_int_equal(pv_probe_dialect(), APF_PF2);
    assert_int_equal(fake.log[fake.writes - 1].msr, PV_MSR_APF_PF2);
    assert_int_equal(fake.log[fake.writes - 1].value, 0);
}

/* A5-3: our host says it outright, and nothing is probed; `dialect=` chooses where it offers more than one. */
static void our_leaf_decides(void **state)
{
    (void)state;
    offer(BIT(KVM_FEATURE_APF), FL_APF_LEGACY, FL_DIALECT_LEGACY);
    assert_int_equal(pv_cpu_count(), 2);
    assert_int_equal(pv_probe_dialect(), APF_LEGACY);
    assert_int_equal(fake.writes, 0);
}

static void dual_speaks_int_unless_told(void **state)
{
    (void)state;
    offer(ALL_BITS, FL_APF_DUAL, FL_DIALECT_PF2 | FL_DIALECT_INT);
    assert_int_equal(pv_probe_dialect(), APF_INT);
    strcpy(boot.cmdline, "x dialect=pf2");
    assert_int_equal(pv_probe_dialect(), APF_PF2);
}

static void personality_none(void **state)
{
    (void)state;
    offer(0, FL_APF_NONE, FL_DIALECT_INT);
    assert_int_equal(pv_probe_dialect(), APF_ABSENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_hypervisor, setup),
        cmocka_unit_test_setup(kvm_behind_another_interface, setup),
        cmocka_unit_test_setup(bit_14_missing, setup),
        cmocka_unit_test_setup(probe_finds_int, setup),
        cmocka_unit_test_setup(probe_finds_pf2, setup),
        cmocka_unit_test_setup(our_leaf_decides, setup),
        cmocka_unit_test_setup(dual_speaks_int_unless_told, setup),
        cmocka_unit_test_setup(personality_none, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
