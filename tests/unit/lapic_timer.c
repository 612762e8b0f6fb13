/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_timer.c: tests of the local APIC's timer in its three modes. */
#include "lapic_rig.h"

#define VECTOR   0xef
#define PERIODIC 0x20000
#define DEADLINE 0x40000
#define MASKED   0x10000
#define DIVIDE_1 0xb

static struct vcpu *const v = &rig.vcpu[0];

/* Whether the timer interrupt is requested; if so it is taken and ended. */
static bool fired(void)
{
    lapic_poll(v, port_now());
    if (lapic_pending(v) != VECTOR)
        return false;
    lapic_accept(v, VECTOR);
    assert_write(X2(EOI), 0);
    return true;
}

static u64 tsc_after(u64 ns)
{
    return port_tsc() + ns * fake.tsc_khz / 1000000;
}

static void oneshot(void **state)
{
    (void)state;
    assert_write(X2(DIVIDE), DIVIDE_1);
    assert_write(X2(TIMER), VECTOR);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_write(X2(INITIAL), 5000);
    assert_int_equal(lapic_deadline(v), port_now() + 5000);
    assert_reads(X2(CURRENT), 5000);
    fake.now += 4999;
    assert_false(fired());
    assert_reads(X2(CURRENT), 1);
    rig.requested[0] = 0;
    fake.now += 1;
    assert_reads(X2(CURRENT), 0);
    assert_true(fired());
    assert_int_equal(rig.requested[0], REQ_EVENT);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    fake.now += 100000;
    assert_false(fired());
    assert_reads(X2(CURRENT), 0);
    assert_reads(X2(INITIAL), 5000);
}

static void initial_count_zero_stops(void **state)
{
    (void)state;
    assert_write(X2(TIMER), VECTOR);
    assert_write(X2(INITIAL), 5000);
    assert_write(X2(INITIAL), 0);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_reads(X2(CURRENT), 0);
}

static void divides_by(void **state)
{
    static const struct {
        u32 value, by;
    } divide[] = {{0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xa, 128}, {0xb, 1}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(divide); i++) {
        assert_write(X2(DIVIDE), divide[i].value);
        assert_write(X2(INITIAL), 1000);
        assert_int_equal(lapic_deadline(v), port_now() + 1000 * divide[i].by);
        fake.now += 250 * divide[i].by;
        assert_reads(X2(CURRENT), 750);
    }
    assert_write(X2(DIVIDE), 0xa);
    assert_write(X2(INITIAL), 0xffffffff);
    assert_int_equal(lapic_deadline(v), port_now() + 0xffffffffull * 128);
}

/* A new divisor applies to what is left of the count. */
static void divisor_changes_while_counting(void **state)
{
    (void)state;
    assert_write(X2(DIVIDE), DIVIDE_1);
    assert_write(X2(TIMER), VECTOR);
    assert_write(X2(INITIAL), 1000);
    fake.now += 400;
    assert_write(X2(DIVIDE), 0);
    assert_reads(X2(CURRENT), 600);
    assert_int_equal(lapic_deadline(v), port_now() + 1200);
    fake.now += 1200;
    assert_true(fired());
    assert_write(X2(DIVIDE), 1);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
}

/* … after what was due by the old one. */
static void divisor_changes_behind_time(void **state)
{
    (void)state;
    assert_write(X2(DIVIDE), DIVIDE_1);
    assert_write(X2(TIMER), VECTOR | PERIODIC);
    assert_write(X2(INITIAL), 1000000);
    fake.now += 1400000;
    assert_write(X2(DIVIDE), 0);
    assert_int_equal(lapic_deadline(v), port_now() + 1200000);
    assert_true(fired());
}

static void periodic(void **state)
{
    u64 start;

    (void)state;
    assert_write(X2(DIVIDE), DIVIDE_1);
    assert_write(X2(TIMER), VECTOR | PERIODIC);
    assert_write(X2(INITIAL), 1000000);
    start = port_now();
    for (unsigned i = 1; i <= 5; i++) {
        fake.now = start + i * 1000000;
        assert_true(fired());
        assert_false(fired());
        assert_int_equal(lapic_deadline(v), start + (i + 1) * 1000000);
        assert_reads(X2(CURRENT), 1000000);
    }
    fake.now += 300000;
    assert_reads(X2(CURRENT), 700000);
    fake.now = start + 9700000; /* several periods late: one interrupt, the phase kept */
    assert_reads(X2(CURRENT), 300000);
    assert_true(fired());
    assert_false(fired());
    assert_int_equal(lapic_deadline(v), start + 10000000);
}

static void period_has_a_minimum(void **state)
{
    (void)state;
    assert_write(X2(DIVIDE), DIVIDE_1);
    assert_write(X2(TIMER), VECTOR | PERIODIC);
    assert_write(X2(INITIAL), 1);
    fake.now += 10;
    assert_true(fired());
    assert_true(lapic_deadline(v) >= port_now() + APIC_PERIOD_NS_MIN - 10);
    assert_reads(X2(CURRENT), 1);
}

/* Between one-shot and periodic the count goes on; into and out of deadline mode the timer stops. */
static void mode_changes(void **state)
{
    u64 due;

    (void)state;
    assert_write(X2(DIVIDE), DIVIDE_1);
    assert_write(X2(TIMER), VECTOR);
    assert_write(X2(INITIAL), 500000);
    due = lapic_deadline(v);
    assert_write(X2(TIMER), VECTOR | PERIODIC);
    assert_int_equal(lapic_deadline(v), due);
    fake.now = due;
    assert_true(fired());
    assert_int_equal(lapic_deadline(v), due + 500000);

    assert_write(X2(TIMER), VECTOR | DEADLINE);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_reads(X2(INITIAL), 0);
    assert_write(X2(INITIAL), 1000); /* ignored in this mode */
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_reads(X2(INITIAL), 0);

    assert_write(TSC_DEADLINE_MSR, tsc_after(7000));
    assert_write(X2(TIMER), VECTOR);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_reads(TSC_DEADLINE_MSR, 0);
    assert_write(TSC_DEADLINE_MSR, tsc_after(7000)); /* ignored outside deadline mode */
    assert_reads(TSC_DEADLINE_MSR, 0);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
}

/* A timer that expired before the write of its entry expired by the old entry. */
static void expiry_precedes_the_write(void **state)
{
    (void)state;
    assert_write(X2(TIMER), VECTOR);
    assert_write(X2(INITIAL), 10);
    fake.now += 1000;
    assert_write(X2(TIMER), VECTOR | MASKED);
    assert_true(fired());
}

static void masked_timer_expires_silently(void **state)
{
    (void)state;
    assert_write(X2(TIMER), VECTOR | MASKED);
    assert_write(X2(INITIAL), 10);
    fake.now += 1000;
    assert_false(fired());
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_write(X2(TIMER), VECTOR);
    assert_false(fired());
}

static void illegal_vector_is_an_error(void **state)
{
    (void)state;
    assert_write(X2(TIMER), 7);
    assert_write(X2(INITIAL), 10);
    fake.now += 1000;
    lapic_poll(v, port_now());
    assert_reads(X2(IRR), 0);
    assert_write(X2(ESR), 0);
    assert_reads(X2(ESR), 0x40);
    assert_write(X2(TIMER), 16); /* the lowest legal one */
    assert_write(X2(INITIAL), 10);
    fake.now += 1000;
    lapic_poll(v, port_now());
    assert_int_equal(lapic_pending(v), 16);
}

static void tsc_deadline(void **state)
{
    u64 tsc;

    (void)state;
    fake.tsc_khz = 2999997; /* no round number of ticks in a ns */
    fake.tsc_extra = 123456789;
    assert_write(X2(TIMER), VECTOR | DEADLINE);
    tsc = tsc_after(10000000);
    assert_write(TSC_DEADLINE_MSR, tsc);
    assert_reads(TSC_DEADLINE_MSR, tsc);
    assert_reads(X2(CURRENT), 0);
    fake.now = lapic_deadline(v) - 2;
    assert_true(port_tsc() < tsc);
    assert_false(fired());
    fake.now = lapic_deadline(v);
    assert_true(port_tsc() >= tsc); /* never early */
    assert_true(fired());
    assert_reads(TSC_DEADLINE_MSR, 0);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
}

static void tsc_deadline_passed_or_disarmed(void **state)
{
    (void)state;
    assert_write(X2(TIMER), VECTOR | DEADLINE);
    assert_write(TSC_DEADLINE_MSR, port_tsc()); /* at once, without waiting for a poll */
    assert_int_equal(lapic_pending(v), VECTOR);
    assert_reads(TSC_DEADLINE_MSR, 0);
    assert_true(fired());
    assert_write(TSC_DEADLINE_MSR, tsc_after(1000));
    assert_write(TSC_DEADLINE_MSR, 0);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    fake.now += 10000;
    assert_false(fired());
}

static void tsc_deadline_far_away(void **state)
{
    (void)state;
    assert_write(X2(TIMER), VECTOR | DEADLINE);
    for (unsigned bit = 40; bit < 64; bit++) {
        u64 at = BIT(bit), before = lapic_deadline(v);

        assert_write(TSC_DEADLINE_MSR, at);
        assert_true(lapic_deadline(v) > port_now());
        assert_true(bit == 40 || lapic_deadline(v) > before || before == TIME_NEVER);
        assert_reads(TSC_DEADLINE_MSR, at);
    }
    fake.tsc_khz = 1;
    assert_write(TSC_DEADLINE_MSR, ~0ull);
    assert_int_equal(lapic_deadline(v), TIME_NEVER);
    assert_reads(TSC_DEADLINE_MSR, ~0ull);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
    const struct CMUnitTest tests[] = {
        test(oneshot),
        test(initial_count_zero_stops),
        test(divides_by),
        test(divisor_changes_while_counting),
        test(divisor_changes_behind_time),
        test(periodic),
        test(period_has_a_minimum),
        test(mode_changes),
        test(expiry_precedes_the_write),
        test(masked_timer_expires_silently),
        test(illegal_vector_is_an_error),
        test(tsc_deadline),
        test(tsc_deadline_passed_or_disarmed),
        test(tsc_deadline_far_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
