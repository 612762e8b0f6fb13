/* SPDX-License-Identifier: BSD-2-Clause */
/* ipi.c: interrupting several CPUs, with one hypercall and without. */
/* with: guest/kern/ipi.c tests/unit/guest/fake/machine.c guest/kern/panic.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_cpuid.h"
#include "abi/kvm_hypercall.h"
#include "boot.h"
#include "fake/machine.h"
#include "ipi.h"
#include "irq.h"
#include "pv.h"

struct percpu cpus[MAX_CPUS];
struct boot boot;
static bool offered;

bool pv_has(unsigned feature)
{
    return offered && feature == KVM_FEATURE_IPI;
}

static s64 accept(void)
{
    return 3;
}

static s64 refuse(void)
{
    return -PV_ENOSYS;
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, NULL);
    for (u32 i = 0; i < MAX_CPUS; i++)
        cpus[i].hw_id = 0x10 + i;
    offered = true;
    fake.on_hypercall = accept;
    return 0;
}

static void assert_single(unsigned cpu, unsigned times)
{
    assert_int_equal(fake.ipis[cpu][KIRQ_CALL], times);
}

static void not_offered(void **state)
{
    (void)state;
    offered = false;
    ipi_send(0x86, KIRQ_CALL);
    assert_int_equal(fake.calls, 0);
    assert_single(1, 1);
    assert_single(2, 1);
    assert_single(7, 1);
    assert_single(3, 0);
}

/* A7-10: bitmap from the lowest name on, in one call. */
static void several_at_once(void **state)
{
    (void)state;
    ipi_send(0x86, KIRQ_CALL);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.call.number, PV_HC_IPI);
    assert_int_equal(fake.call.arg[0], 0x43);
    assert_int_equal(fake.call.arg[1], 0);
    assert_int_equal(fake.call.arg[2], 0x11);
    assert_int_equal(fake.call.arg[3], karch_ipi_command(KIRQ_CALL));
    assert_single(1, 0);
}

static void one_needs_no_call(void **state)
{
    (void)state;
    ipi_send(0x4, KIRQ_CALL);
    ipi_send(0, KIRQ_CALL);
    assert_int_equal(fake.calls, 0);
    assert_single(2, 1);
}

/* 128 names from the lowest on can be told; who is farther is interrupted by itself. */
static void names_far_apart(void **state)
{
    (void)state;
    cpus[1].hw_id = 0x400;
    cpus[2].hw_id = 0x400 + 127;
    cpus[3].hw_id = 0x400 + 128;
    ipi_send(0xe, KIRQ_CALL);
    assert_int_equal(fake.calls, 1);
    assert_int_equal(fake.call.arg[0], 1);
    assert_true(fake.call.arg[1] == 1ull << 63);
    assert_int_equal(fake.call.arg[2], 0x400);
    assert_single(1, 0);
    assert_single(2, 0);
    assert_single(3, 1);
}

static void refused(void **state)
{
    (void)state;
    fake.on_hypercall = refuse;
    ipi_send(0x6, KIRQ_CALL);
    assert_single(1, 1);
    assert_single(2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(not_offered, setup),       cmocka_unit_test_setup(several_at_once, setup),
        cmocka_unit_test_setup(one_needs_no_call, setup), cmocka_unit_test_setup(names_far_apart, setup),
        cmocka_unit_test_setup(refused, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
