/* SPDX-License-Identifier: BSD-2-Clause */
/* wall.c: who is asked for the date, and random bytes: those of the machine or none. */
/* with: guest/kern/wall.c guest/kern/random.c guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c */
/* with: tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "abi/kvm_clock.h"
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "fake/machine.h"
#include "guest.h"
#include "irq.h"
#include "pv.h"

#define NS_PER_S 1000000000ull
#define DATE     1935817689ull

struct percpu cpus[MAX_CPUS];
static u32 sec;

u64 time_ns(void)
{
    return 5 * NS_PER_S;
}

static void fill(u32 msr, u64 value)
{
    (void)msr;
    *(struct pv_wall_clock *)(uintptr_t)value = (struct pv_wall_clock){.version = 2, .sec = sec, .nsec = 7};
    if (!sec)
        ((struct pv_wall_clock *)(uintptr_t)value)->nsec = 0;
}

static void begin(u32 features)
{
    fake_reset();
    fake_cpu(0, NULL);
    fake_leaf(KVM_CPUID_BASE, KVM_CPUID_FEATURES, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
    fake_leaf(KVM_CPUID_FEATURES, features, 0, 0, 0);
    fake.on_write = fill;
    pv_init();
}

/* What a guest of its own, which asks for the first time, hears; each asks its host `writes` times by this register. */
static void hears(u64 want, u32 msr, unsigned writes)
{
    pid_t child = fork();
    int status;

    if (!child)
        _exit(wall_start_ns() == want && wall_start_ns() == want && fake.writes == writes &&
                      (!writes || fake.log[0].msr == msr)
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void host_knows(void **state)
{
    (void)state;
    sec = 1000;
    begin(BIT(KVM_FEATURE_CLOCK) | BIT(KVM_FEATURE_CLOCK_OLD));
    fake.rtc = DATE;
    hears(1000 * NS_PER_S + 7, PV_MSR_WALL_CLOCK, 1);
    begin(BIT(KVM_FEATURE_CLOCK_OLD));
    hears(1000 * NS_PER_S + 7, PV_MSR_WALL_CLOCK_OLD, 1);
}

static void machine_knows(void **state)
{
    (void)state;
    sec = 0;
    begin(BIT(KVM_FEATURE_CLOCK));
    fake.rtc = DATE;
    hears((DATE - 5) * NS_PER_S, PV_MSR_WALL_CLOCK, 1);
    begin(0);
    fake.rtc = DATE;
    hears((DATE - 5) * NS_PER_S, 0, 0);
}

static void nobody_knows(void **state)
{
    (void)state;
    begin(0);
    hears(0, 0, 0);
    fake.rtc = 4; /* 4 s after the epoch, but 5 s after the start */
    hears(0, 0, 0);
}

static void random_bytes(void **state)
{
    u8 buf[21], was[21] = {0};

    (void)state;
    begin(0);
    memset(buf, 0, sizeof(buf));
    fake.random = 3;
    assert_true(random_fill(buf, 20));
    assert_int_equal(fake.random, 0);
    assert_memory_not_equal(buf, was, 8);
    assert_memory_not_equal(buf, buf + 8, 8);
    assert_int_equal(buf[20], 0);
    fake.random = 2;
    assert_false(random_fill(buf, 20));
    assert_true(random_fill(buf, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_knows),
        cmocka_unit_test(machine_knows),
        cmocka_unit_test(nobody_knows),
        cmocka_unit_test(random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
