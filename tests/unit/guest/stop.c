/* SPDX-License-Identifier: BSD-2-Clause */
/* stop.c: the end of the VM, after main() and after a panic: all that the host writes is switched off on every CPU. */
/* with: guest/kern/stop.c guest/kern/pvcpu.c guest/kern/pvapf.c guest/kern/time.c guest/kern/call.c guest/kern/ipi.c */
/* with: guest/kern/pv.c guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_cpuid.h"
#include "abi/kvm_msr.h"
#include "apf_table.h"
#include "boot.h"
#include "clock.h"
#include "fake/machine.h"
#include "irq.h"
#include "panic.h"
#include "pv.h"
#include "pvcpu.h"
#include <string.h>

#define CPUS 4
#define DEAF 3 /* takes no interrupt, not even one that cannot be turned off */

struct percpu cpus[MAX_CPUS];
static unsigned panics;
static u64 reg[CPUS][PV_MSR_LAST - PV_MSR_FIRST + 1];

unsigned cpu_count(void)
{
    return CPUS;
}

enum apf_wait apf_wait(u32 token)
{
    (void)token;
    return APF_WAITED;
}

void apf_ready(u32 token)
{
    (void)token;
}

/* A4-4: at the end nobody is woken, and no lock is taken for it. */
void apf_wake_cpu(unsigned cpu)
{
    fail_msg("CPU %u wakes its waiters", cpu);
}

void apf_forget_markers(unsigned cpu)
{
    fail_msg("CPU %u goes through the table", cpu);
}

static void on_cpu(unsigned id, void (*fn)(void))
{
    unsigned here = fake.cpu;

    fake_cpu(id, NULL);
    fn();
    fake_cpu(here, NULL);
}

static void others_call(void)
{
    for (unsigned i = 0; i < CPUS; i++)
        on_cpu(i, irq_call);
}

void thread_yield(void)
{
    others_call();
}

static void note(u32 msr, u64 value)
{
    reg[fake.cpu][msr - PV_MSR_FIRST] = value;
    if (msr == PV_MSR_SYSTEM_TIME)
        cpus[fake.cpu].clock.tsc_to_system_mul = 1u << 31;
}

static void start(void)
{
    clock_cpu_init(karch_cpu());
    pvcpu_start(karch_cpu());
    pvapf_cpu_enable(karch_cpu());
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    memset(reg, 0, sizeof(reg));
    fake_leaf(KVM_CPUID_BASE, KVM_CPUID_FEATURES, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX, KVM_SIGNATURE_EDX);
    fake_leaf(KVM_CPUID_FEATURES,
              BIT(KVM_FEATURE_CLOCK) | BIT(KVM_FEATURE_APF) | BIT(KVM_FEATURE_APF_INT) |
                  BIT(KVM_FEATURE_STEAL) | BIT(KVM_FEATURE_EOI),
              0, 0, 0);
    fake.on_write = note;
    panics = 0;
    pv_init();
    clock_init();
    fake_cpu(0, NULL);
    pvapf_init();
    for (unsigned i = 0; i < CPUS; i++)
        on_cpu(i, start);
    return 0;
}

static void assert_all(unsigned cpu, bool on)
{
    static const u32 msrs[] = {PV_MSR_SYSTEM_TIME, PV_MSR_APF_EN, PV_MSR_STEAL, PV_MSR_EOI};

    for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++)
        assert_int_equal(reg[cpu][msrs[i] - PV_MSR_FIRST] & 1, on);
}

static void exit_7(void)
{
    machine_exit(7);
}

/* T-A-150 (A4-4): after main(). */
static void exit_switches_off_everywhere(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CPUS; i++)
        assert_all(i, true);
    assert_true(fake_ends(exit_7, 7));
    for (unsigned i = 0; i < CPUS; i++)
        assert_all(i, false);
}

static void break_down(void)
{
    panics++;
    panic("reason %u", panics);
}

/* What every CPU does that can be reached: at KIRQ_STOP, or because it panics at the same time. */
static void stop_cpu(struct percpu *to, enum kirq irq)
{
    unsigned here = fake.cpu;

    assert_int_equal(irq, KIRQ_STOP);
    if (to->id == DEAF)
        return;
    fake_cpu(to->id, NULL);
    if (!setjmp(fake.stopped)) {
        if (to->id == 2)
            break_down();
        irq_stop();
        fail_msg("CPU %u goes on", to->id);
    }
    fake_cpu(here, NULL);
}

static void time_flies(void)
{
    fake.tsc += 100 * MiB;
}

static void panic_on_cpu_1(void)
{
    fake_cpu(1, NULL);
    break_down();
}

/* An NMI of somebody else's, before anybody has panicked, is not for us. */
static void stray_stop(void **state)
{
    (void)state;
    irq_stop();
    assert_all(0, true);
}

/* T-A-150 (A4-4): after a panic, although CPU 2 panics as well and one CPU does not answer. */
static void panic_switches_off_everywhere(void **state)
{
    (void)state;
    fake.on_ipi = stop_cpu;
    fake.on_tsc = time_flies;
    assert_true(fake_ends(panic_on_cpu_1, STATUS_PANIC));
    assert_int_equal(fake.cpu, 1);
    for (unsigned i = 0; i < CPUS; i++)
        assert_all(i, i == DEAF);
    assert_non_null(strstr(fake.console, "panic on CPU 1: reason 1"));
    assert_null(strstr(fake.console, "reason 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(exit_switches_off_everywhere, setup),
        cmocka_unit_test_setup(stray_stop, setup),
        cmocka_unit_test_setup(panic_switches_off_everywhere, setup), /* then CPU 1 leads for good */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
