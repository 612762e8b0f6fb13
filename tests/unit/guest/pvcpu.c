/* SPDX-License-Identifier: BSD-2-Clause */
/* pvcpu.c: ends of interrupts, stolen time and yielding: each only where it is offered (A7). */
/* with: guest/kern/pvcpu.c guest/kern/spin.c guest/kern/call.c guest/kern/ipi.c guest/kern/pv.c guest/kern/boot.c */
/* with: guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_cpuid.h"
#include "abi/kvm_hypercall.h"
#include "abi/kvm_msr.h"
#include "boot.h"
#include "call.h"
#include "fake/machine.h"
#include "irq.h"
#include "pv.h"
#include "pvcpu.h"
#include "spin.h"
#include <string.h>

#define HW_ID 0x20 /* of CPU 1 */

struct percpu cpus[MAX_CPUS];
static struct spin lock;
static unsigned called, yields;

unsigned cpu_count(void)
{
    return 2;
}

/* The other CPU gets its turn once the caller has asked for it twice. */
void thread_yield(void)
{
    if (++yields < 2)
        return;
    fake_cpu(1, NULL);
    irq_call();
    fake_cpu(0, NULL);
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, NULL);
    cpus[1].hw_id = HW_ID;
    called = yields = 0;
    return 0;
}

static void offer(u32 features)
{
    fake_leaf(KVM_CPUID_BASE, KVM_CPUID_FEATURES, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
    fake_leaf(KVM_CPUID_FEATURES, features, 0, 0, 0);
    pv_init();
}

static void assert_written(unsigned n, u32 msr, u64 value)
{
    assert_int_equal(fake.log[n].msr, msr);
    assert_int_equal(fake.log[n].value, value);
}

static void not_offered(void **state)
{
    (void)state;
    offer(~(u32)(BIT(KVM_FEATURE_EOI) | BIT(KVM_FEATURE_STEAL)));
    cpus[0].eoi = PV_EOI_SKIP;
    pvcpu_start(&cpus[0]);
    pvcpu_stop();
    assert_int_equal(fake.writes, 0);
    assert_int_equal(cpus[0].eoi, PV_EOI_SKIP);
    assert_int_equal(cpu_steal_ns(0), 0);
}

/* A7-7: a zeroed word of this CPU's own, then the register; off: 0. */
static void eoi_on_and_off(void **state)
{
    (void)state;
    offer(BIT(KVM_FEATURE_EOI));
    cpus[1].eoi = ~0u;
    fake_cpu(1, NULL);
    pvcpu_start(&cpus[1]);
    assert_int_equal(cpus[1].eoi, 0);
    pvcpu_stop();
    assert_int_equal(fake.writes, 2);
    assert_written(0, PV_MSR_EOI, (u64)(uintptr_t)&cpus[1].eoi | PV_EOI_ON);
    assert_int_equal(fake.log[0].value & PV_EOI_RSVD, 0);
    assert_written(1, PV_MSR_EOI, 0);
}

/* A7-6: a zeroed area, aligned so that no reserved bit is set. */
static void steal_on_and_off(void **state)
{
    (void)state;
    offer(BIT(KVM_FEATURE_STEAL));
    memset(&cpus[1].steal, 0xff, sizeof(cpus[1].steal));
    fake_cpu(1, NULL);
    pvcpu_start(&cpus[1]);
    assert_memory_equal(&cpus[1].steal, &(struct pv_steal){0}, sizeof(struct pv_steal));
    pvcpu_stop();
    assert_int_equal(fake.writes, 2);
    assert_written(0, PV_MSR_STEAL, (u64)(uintptr_t)&cpus[1].steal | PV_STEAL_ON);
    assert_int_equal(fake.log[0].value & PV_STEAL_RSVD, 0);
    assert_written(1, PV_MSR_STEAL, 0);
}

static void steal_is_read_of_any_cpu(void **state)
{
    (void)state;
    cpus[1].steal = (struct pv_steal){.version = 2, .steal = 1ull << 40};
    assert_int_equal(cpu_steal_ns(1), 1ull << 40);
    assert_int_equal(cpu_steal_ns(0), 0);
}

/* ---- CPUs that the host has taken away ---- */

static void preempt_cpu_1(u32 features)
{
    offer(features);
    cpus[1].steal.preempted = PV_STEAL_PREEMPTED;
}

static s64 holder_runs(void)
{
    assert_int_equal(fake.call.number, PV_HC_YIELD);
    assert_int_equal(fake.call.arg[0], HW_ID);
    at_store(&lock.held, 0);
    return 0;
}

/* A spinning CPU gives its time to the one that may hold the lock; here nothing else would ever free it. */
static void lock_of_a_preempted_cpu(void **state)
{
    (void)state;
    preempt_cpu_1(BIT(KVM_FEATURE_YIELD));
    fake.on_hypercall = holder_runs;
    lock.held = 1;
    spin_get(&lock);
    assert_int_equal(lock.held, 1);
    assert_int_equal(fake.calls, 1);
    spin_put(&lock);
}

static void free_lock_needs_nobody(void **state)
{
    (void)state;
    preempt_cpu_1(BIT(KVM_FEATURE_YIELD));
    spin_get(&lock);
    spin_put(&lock);
    assert_int_equal(fake.calls, 0);
}

static void count_call(void *unused)
{
    (void)unused;
    called++;
}

static void call_to_a_preempted_cpu(void **state)
{
    (void)state;
    preempt_cpu_1(BIT(KVM_FEATURE_YIELD));
    cpu_call_all(count_call, NULL);
    assert_int_equal(called, 2);
    assert_int_equal(fake.ipis[1][KIRQ_CALL], 1);
    assert_int_equal(fake.calls, 2);
    assert_int_equal(fake.call.number, PV_HC_YIELD);
    assert_int_equal(fake.call.arg[0], HW_ID);
}

static void nobody_yields_to_who_runs(void **state)
{
    (void)state;
    offer(BIT(KVM_FEATURE_YIELD));
    cpus[1].steal.preempted = PV_STEAL_FLUSH;
    pvcpu_boost_all();
    assert_int_equal(fake.calls, 0);
}

static void nobody_yields_unless_it_is_offered(void **state)
{
    (void)state;
    preempt_cpu_1(~(u32)BIT(KVM_FEATURE_YIELD));
    pvcpu_boost_all();
    assert_int_equal(fake.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(not_offered, setup),
        cmocka_unit_test_setup(eoi_on_and_off, setup),
        cmocka_unit_test_setup(steal_on_and_off, setup),
        cmocka_unit_test_setup(steal_is_read_of_any_cpu, setup),
        cmocka_unit_test_setup(lock_of_a_preempted_cpu, setup),
        cmocka_unit_test_setup(free_lock_needs_nobody, setup),
        cmocka_unit_test_setup(call_to_a_preempted_cpu, setup),
        cmocka_unit_test_setup(nobody_yields_to_who_runs, setup),
        cmocka_unit_test_setup(nobody_yields_unless_it_is_offered, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
