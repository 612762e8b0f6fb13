/* SPDX-License-Identifier: BSD-2-Clause */
/* pvapf.c: the guest's half of the APF protocol against a host that does what the test says, in every dialect. */
/* with: guest/kern/pvapf.c guest/kern/panic.c tests/unit/guest/fake/machine.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "abi/kvm_msr.h"
#include "apf_table.h"
#include "boot.h"
#include "call.h"
#include "fake/machine.h"
#include "irq.h"
#include "pv.h"
#include <string.h>

#define VECTOR 0xf3

struct percpu cpus[MAX_CPUS];
struct boot boot;
static enum apf_dialect spoken;
static u32 waited, readied, woken_cpu, forgotten_cpu;

/* The table: notes what it was asked. */
enum apf_wait apf_wait(u32 token)
{
    waited = token;
    return APF_WAITED;
}

void apf_ready(u32 token)
{
    readied = token;
}

void apf_wake_cpu(unsigned cpu)
{
    woken_cpu = cpu;
}

void apf_forget_markers(unsigned cpu)
{
    forgotten_cpu = cpu;
}

/* Two CPUs. */
unsigned cpu_count(void)
{
    return 2;
}

void cpu_call_all(void (*fn)(void *), void *arg)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        fake_cpu(i, NULL);
        fn(arg);
    }
    fake_cpu(0, NULL);
}

enum apf_dialect pv_probe_dialect(void)
{
    return spoken;
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake_cpu(0, NULL);
    waited = readied = 0;
    woken_cpu = forgotten_cpu = ~0u;
    return 0;
}

static void speak(enum apf_dialect dialect)
{
    spoken = dialect;
    pvapf_init();
}

static struct percpu *up(enum apf_dialect dialect)
{
    speak(dialect);
    pvapf_cpu_enable(&cpus[0]);
    fake.writes = 0;
    return &cpus[0];
}

/* ---- A4.1: on and off ---- */

/* A0-2: where it is not offered there is nothing to switch on, and all is well. */
static void absent(void **state)
{
    (void)state;
    speak(APF_ABSENT);
    pvapf_cpu_enable(&cpus[0]);
    assert_false(pvapf_enable(true));
    assert_true(pvapf_enable(false));
    assert_int_equal(fake.writes, 0);
    assert_int_equal(pvapf_take_marker(&cpus[0]), 0);
}

/* A4-1, A4-2: zeroed slot, vector, then EN with SEND_ALWAYS; off: EN = 0, wake, forget (A4-4). */
static void int_on_and_off(void **state)
{
    struct percpu *c = &cpus[0];

    (void)state;
    speak(APF_INT);
    memset(&c->apf_slot, 0xff, sizeof(c->apf_slot));
    pvapf_cpu_enable(c);
    assert_int_equal(fake.writes, 2);
    assert_int_equal(fake.log[0].msr, PV_MSR_APF_VEC);
    assert_int_equal(fake.log[0].value, VECTOR);
    assert_int_equal(fake.log[1].msr, PV_MSR_APF_EN);
    assert_int_equal(fake.log[1].value,
                     (u64)(uintptr_t)&c->apf_slot | APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT);
    assert_memory_equal(&c->apf_slot, &(struct apf_slot){0}, sizeof(c->apf_slot));
    assert_true(c->apf_on);
    pvapf_cpu_disable(c);
    assert_int_equal(fake.log[2].msr, PV_MSR_APF_EN);
    assert_int_equal(fake.log[2].value, 0);
    assert_false(c->apf_on);
    assert_int_equal(woken_cpu, 0);
    assert_int_equal(forgotten_cpu, 0);
}

/* A2-22: the guest writes PF2 first. */
static void pf2_on(void **state)
{
    (void)state;
    speak(APF_PF2);
    pvapf_cpu_enable(&cpus[0]);
    assert_int_equal(fake.log[0].msr, PV_MSR_APF_PF2);
    assert_int_equal(fake.log[0].value, APF_PF2_ON | VECTOR);
    assert_int_equal(fake.log[1].value & 0x3f, APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT);
}

static void legacy_on(void **state)
{
    (void)state;
    speak(APF_LEGACY);
    pvapf_cpu_enable(&cpus[0]);
    assert_int_equal(fake.writes, 1);
    assert_int_equal(fake.log[0].value & 0x3f, APF_EN_ON | APF_EN_ALWAYS);
}

/* A4-4, A4-40: each CPU switches its own; switching twice is switching once. */
static void every_cpu_for_itself(void **state)
{
    (void)state;
    speak(APF_INT);
    assert_true(pvapf_enable(true));
    assert_true(pvapf_enable(true));
    assert_int_equal(fake.writes, 4);
    assert_int_equal(fake.log[3].value & APF_EN_SLOT_MASK, (u64)(uintptr_t)&cpus[1].apf_slot);
    fake.writes = 0;
    assert_true(pvapf_enable(false));
    assert_int_equal(fake.writes, 2);
    assert_false(cpus[0].apf_on || cpus[1].apf_on);
}

/* ---- A4.2: not present ---- */

static void not_present_is_taken_from_the_slot(void **state)
{
    struct percpu *c = up(APF_INT);

    (void)state;
    assert_int_equal(pvapf_take_marker(c), 0); /* an ordinary fault */
    c->apf_slot.word0 = APF_FLAG_NOT_PRESENT;
    assert_int_equal(pvapf_take_marker(c), APF_FLAG_NOT_PRESENT);
    assert_int_equal(c->apf_slot.word0, 0);
    pvapf_event(c, APF_FLAG_NOT_PRESENT, 0x1000, true);
    assert_int_equal(waited, 0x1000);
    assert_int_equal(fake.writes, 0);
    assert_int_equal(pvapf_counters().not_present, 1);
}

/* A0-31, A4-10: switched off, the slot is ours, whatever it holds. */
static void off_means_ordinary(void **state)
{
    struct percpu *c = up(APF_INT);

    (void)state;
    pvapf_cpu_disable(c);
    c->apf_slot.word0 = APF_FLAG_NOT_PRESENT;
    assert_int_equal(pvapf_take_marker(c), 0);
    assert_int_equal(c->apf_slot.word0, APF_FLAG_NOT_PRESENT);
}

static void event_with_interrupts_off(void)
{
    pvapf_event(karch_cpu(), APF_FLAG_NOT_PRESENT, 0x1000, false);
}

static void interrupts_off_is_a_host_bug(void **state)
{
    (void)state;
    up(APF_INT);
    assert_true(fake_ends(event_with_interrupts_off, STATUS_PANIC));
    assert_non_null(strstr(fake.console, "A4-12"));
}

/* A2-13: a PF2 guest acknowledges a not-present event too, with the slot already free. */
static void pf2_acknowledges_not_present(void **state)
{
    struct percpu *c = up(APF_PF2);

    (void)state;
    c->apf_slot.word0 = APF_REASON_NOT_PRESENT;
    c->apf_slot.token = 0x1000;
    assert_int_equal(pvapf_take_marker(c), APF_REASON_NOT_PRESENT);
    pvapf_event(c, APF_REASON_NOT_PRESENT, 0x1000, true);
    assert_int_equal(waited, 0x1000);
    assert_int_equal(fake.writes, 1);
    assert_int_equal(fake.log[0].msr, PV_MSR_APF_ACK);
}

/* A ready event whose interrupt is still to come must survive an ordinary fault. */
static void pf2_ready_survives_a_fault(void **state)
{
    struct percpu *c = up(APF_PF2);

    (void)state;
    c->apf_slot.word0 = APF_REASON_READY;
    assert_int_equal(pvapf_take_marker(c), 0);
    assert_int_equal(c->apf_slot.word0, APF_REASON_READY);
}

/* ---- Ready ---- */

static void slot_is_free_at_ack(u32 msr, u64 value)
{
    if (msr != PV_MSR_APF_ACK)
        return;
    assert_int_equal(value, APF_ACK_READY);
    assert_int_equal(pvapf_dialect() == APF_INT ? cpus[0].apf_slot.token : cpus[0].apf_slot.word0, 0);
}

/* A4-27, A4-28: read, act, clear, and only then exactly one ACK; t_order.py looks at the instructions (T-A-147). */
static void int_ready(void **state)
{
    struct percpu *c = up(APF_INT);

    (void)state;
    fake.on_write = slot_is_free_at_ack;
    c->apf_slot.token = 0x1000;
    irq_apf();
    assert_int_equal(readied, 0x1000);
    assert_int_equal(fake.writes, 1);
    assert_int_equal(pvapf_counters().ready, 1);
}

/* A host that has more to report does so at the ACK. */
static void report_three(u32 msr, u64 value)
{
    static const u32 tokens[] = {0x2000, 0x3000, 0};

    slot_is_free_at_ack(msr, value);
    cpus[0].apf_slot.token = tokens[fake.writes - 1];
    cpus[0].apf_slot.word0 =
        pvapf_dialect() == APF_PF2 && tokens[fake.writes - 1] ? APF_REASON_READY : APF_REASON_NONE;
}

/* One ACK for each event, however many of them one interrupt finds. */
static void several_ready(void **state)
{
    static const enum apf_dialect dialects[] = {APF_INT, APF_PF2};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(dialects); i++) {
        struct percpu *c = up(dialects[i]);
        u64 before = pvapf_counters().ready;

        fake.on_write = report_three;
        c->apf_slot.word0 = dialects[i] == APF_PF2 ? APF_REASON_READY : APF_REASON_NONE;
        c->apf_slot.token = 0x1000;
        irq_apf();
        assert_int_equal(readied, 0x3000);
        assert_int_equal(fake.writes, 3);
        assert_int_equal(pvapf_counters().ready, before + 3);
        fake.on_write = NULL;
        pvapf_cpu_disable(c);
    }
}

static void pf2_ready(void **state)
{
    struct percpu *c = up(APF_PF2);

    (void)state;
    fake.on_write = slot_is_free_at_ack;
    c->apf_slot.word0 = APF_REASON_READY;
    c->apf_slot.token = 0x1000;
    irq_apf();
    assert_int_equal(readied, 0x1000);
    assert_int_equal(fake.writes, 1);
}

/* A2-12: also if the slot did not say ready; a not-present in progress is left alone. */
static void pf2_stray_interrupt(void **state)
{
    struct percpu *c = up(APF_PF2);

    (void)state;
    c->apf_slot.word0 = APF_REASON_NOT_PRESENT;
    c->apf_slot.token = 0x1000;
    irq_apf();
    assert_int_equal(readied, 0);
    assert_int_equal(c->apf_slot.word0, APF_REASON_NOT_PRESENT);
    assert_int_equal(fake.writes, 1);
}

static void int_token_zero(void **state)
{
    (void)state;
    up(APF_INT);
    irq_apf();
    assert_int_equal(readied, 0);
    assert_int_equal(fake.writes, 1);
}

static void legacy_ready(void **state)
{
    struct percpu *c = up(APF_LEGACY);

    (void)state;
    c->apf_slot.word0 = APF_REASON_READY;
    pvapf_event(c, pvapf_take_marker(c), 0x1000, true);
    assert_int_equal(readied, 0x1000);
    assert_int_equal(waited, 0);
    assert_int_equal(fake.writes, 0);
}

static void wake_all(void **state)
{
    struct percpu *c = up(APF_INT);

    (void)state;
    c->apf_slot.token = APF_TOKEN_WAKE_ALL;
    irq_apf();
    assert_int_equal(woken_cpu, 0);
    assert_int_equal(readied, 0);
    assert_int_equal(pvapf_counters().wake_all, 1);
    assert_int_equal(pvapf_counters().ready, 0);
}

/* T-A-149 (A4-29): an interrupt that was under way when it was switched off: slot and MSRs are left alone. */
static void stray_after_disable(void **state)
{
    struct percpu *c = up(APF_INT);

    (void)state;
    pvapf_cpu_disable(c);
    c->apf_slot.token = 0x1000;
    fake.writes = 0;
    irq_apf();
    assert_int_equal(c->apf_slot.token, 0x1000);
    assert_int_equal(fake.writes, 0);
    assert_int_equal(readied, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(absent, setup),
        cmocka_unit_test_setup(int_on_and_off, setup),
        cmocka_unit_test_setup(pf2_on, setup),
        cmocka_unit_test_setup(legacy_on, setup),
        cmocka_unit_test_setup(every_cpu_for_itself, setup),
        cmocka_unit_test_setup(not_present_is_taken_from_the_slot, setup),
        cmocka_unit_test_setup(off_means_ordinary, setup),
        cmocka_unit_test_setup(pf2_acknowledges_not_present, setup),
        cmocka_unit_test_setup(several_ready, setup),
        cmocka_unit_test_setup(pf2_ready_survives_a_fault, setup),
        cmocka_unit_test_setup(int_ready, setup),
        cmocka_unit_test_setup(pf2_ready, setup),
        cmocka_unit_test_setup(pf2_stray_interrupt, setup),
        cmocka_unit_test_setup(int_token_zero, setup),
        cmocka_unit_test_setup(legacy_ready, setup),
        cmocka_unit_test_setup(wake_all, setup),
        cmocka_unit_test_setup(stray_after_disable, setup),
        cmocka_unit_test_setup(interrupts_off_is_a_host_bug, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
