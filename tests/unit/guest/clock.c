/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: the host's clock, by its old and new registers, and while the host writes it. */
/* with: guest/kern/time.c guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "boot.h"
#include "clock.h"
#include "fake/machine.h"
#include "irq.h"
#include "pv.h"

struct percpu cpus[MAX_CPUS];

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, NULL);
    return 0;
}

/* What a host puts into the area when it is told of it: 1 GHz, one second at tick 0. */
static void fill(u32 msr, u64 value)
{
    (void)msr;
    if (value)
        cpus[0].clock = (struct pv_clock){
            .version = 2, .system_time = 1000000000, .tsc_shift = 1, .tsc_to_system_mul = 1u << 31};
}

static void begin(u32 features)
{
    fake_leaf(KVM_CPUID_BASE, KVM_CPUID_FEATURES, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
    fake_leaf(KVM_CPUID_FEATURES, features, 0, 0, 0);
    fake.on_write = fill;
    pv_init();
    clock_init();
    clock_cpu_init(&cpus[0]);
}

static void assert_uses(u32 features, u32 msr)
{
    begin(features);
    clock_cpu_stop();
    assert_int_equal(fake.writes, 2);
    assert_int_equal(fake.log[0].msr, msr);
    assert_int_equal(fake.log[0].value, (u64)(uintptr_t)&cpus[0].clock | PV_CLOCK_ON);
    assert_int_equal(fake.log[1].msr, msr);
    assert_int_equal(fake.log[1].value, 0);
}

static void new_registers(void **state)
{
    (void)state;
    assert_uses(BIT(KVM_FEATURE_CLOCK) | BIT(KVM_FEATURE_CLOCK_OLD), PV_MSR_SYSTEM_TIME);
}

/* A7-2 bit 0: a host that is too old to have others. */
static void old_registers(void **state)
{
    (void)state;
    assert_uses(BIT(KVM_FEATURE_CLOCK_OLD), PV_MSR_SYSTEM_TIME_OLD);
}

static void no_clock(void **state)
{
    u64 now;

    (void)state;
    begin(0);
    clock_cpu_stop();
    assert_int_equal(fake.writes, 0);
    now = time_ns();
    fake.tsc += 1000;
    assert_in_range(time_ns() - now, 1000, 1002);
}

static void time_is_scaled(void **state)
{
    (void)state;
    begin(BIT(KVM_FEATURE_CLOCK));
    fake.tsc = 499;
    assert_int_equal(time_ns(), 1000000500);
    assert_int_equal(clock_ticks(1000), 1000);
}

/* The host begins to write while the guest reads, and is not done before its third look. */
static void host_writes(void)
{
    static unsigned looks;

    if (looks++ == 0) {
        cpus[0].clock.version = 3;
        cpus[0].clock.system_time = 7;
    } else if (looks == 3) {
        cpus[0].clock.version = 4;
        cpus[0].clock.system_time = 2000000000;
        cpus[0].clock.tsc_timestamp = fake.tsc;
        fake.on_tsc = NULL;
    }
}

/* A7-4: what was read while the version was odd, or changed, is not used. */
static void area_being_written(void **state)
{
    (void)state;
    begin(BIT(KVM_FEATURE_CLOCK));
    fake.on_tsc = host_writes;
    assert_in_range(time_ns(), 2000000000, 2000000010);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(no_clock, setup),           cmocka_unit_test_setup(new_registers, setup),
        cmocka_unit_test_setup(old_registers, setup),      cmocka_unit_test_setup(time_is_scaled, setup),
        cmocka_unit_test_setup(area_being_written, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
