/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_clock.c: tests of the clock areas in guest memory, read as a guest reads them. */
#include "guest_ram.h"
#include "fake/machine.h"
#include "pv.h"
#include "vm.h"
#include "abi/kvm_clock.h"

static struct vm vm;
static struct vcpu vcpu, *const v = &vcpu;

static int setup(void **state)
{
    fake_setup(state);
    ram_reset();
    memset(&vm, 0, sizeof(vm));
    memset(&vcpu, 0, sizeof(vcpu));
    vcpu.vm = &vm;
    return 0;
}

/* The guest's side of A7-4. */
static u64 clock_ns(const struct pv_clock *c, u64 tsc)
{
    u64 delta = tsc - c->tsc_timestamp;

    assert_false(c->version & 1);
    delta = c->tsc_shift < 0 ? delta >> -c->tsc_shift : delta << c->tsc_shift;
    return c->system_time + (u64)((unsigned __int128)delta * c->tsc_to_system_mul >> 32);
}

static void system_time(void **state)
{
    static const u64 khz[] = {1000,    999999,  1000000, 1000001, 1999999,
                              2000000, 2000001, 2893443, 3999999, 50000000};
    struct pv_clock c;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(khz); i++) {
        u64 seconds = 3600, error;

        fake.tsc_khz = khz[i];
        assert_int_equal(pv_clock_system(v, 0x2fe4 | 1), OUTCOME_DONE); /* across two pages */
        assert_int_equal(vcpu.clock_msr, 0x2fe4 | 1);
        memcpy(&c, ram.byte + 0x2fe4, sizeof(c));
        assert_int_equal(c.flags, PV_CLOCK_STABLE);
        assert_true(c.tsc_to_system_mul >= 1u << 31);
        error = clock_ns(&c, seconds * khz[i] * 1000) - seconds * 1000000000 + 1000000;
        assert_true(error <= 2000000); /* a millisecond an hour: 0.3 ppm */
        assert_true(clock_ns(&c, khz[i] * 1000 * 86400) > clock_ns(&c, khz[i] * 1000 * 86399));
    }
}

static u32 versions[8];
static unsigned version_count;

static void note_version(gpa_t at, size_t n)
{
    (void)at, (void)n;
    memcpy(&versions[version_count++], ram.byte + 0x1000, 4);
}

/* The version is odd while the area changes, goes on from what the guest left there, and never comes back. */
static void version_protocol(void **state)
{
    u32 garbage = 0x77;

    (void)state;
    version_count = 0;
    memcpy(ram.byte + 0x1000, &garbage, 4);
    ram.written = note_version;
    assert_int_equal(pv_clock_system(v, 0x1001), OUTCOME_DONE);
    assert_int_equal(pv_clock_system(v, 0x1001), OUTCOME_DONE);
    assert_int_equal(version_count, 6);
    assert_int_equal(versions[0], 0x79);
    assert_int_equal(versions[1], 0x79);
    assert_int_equal(versions[2], 0x7a);
    assert_int_equal(versions[3], 0x7b);
    assert_int_equal(versions[4], 0x7b);
    assert_int_equal(versions[5], 0x7c);
}

/* D12: #GP changes neither the MSR nor memory. */
static void system_time_refused(void **state)
{
    static const u64 bad[] = {RAM_PAGES * PAGE_SIZE | 1, RAM_PAGES * PAGE_SIZE - 28 + 1, 0x1002 | 1, ~0ull};

    (void)state;
    assert_int_equal(pv_clock_system(v, 0x2001), OUTCOME_DONE);
    ram.writes = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(pv_clock_system(v, bad[i]), OUTCOME_GP);
        assert_int_equal(vcpu.clock_msr, 0x2001);
    }
    assert_int_equal(ram.writes, 0);
    assert_int_equal(pv_clock_system(v, ~1ull), OUTCOME_DONE); /* off: the address is not looked at */
    assert_int_equal(vcpu.clock_msr, ~1ull);
    assert_int_equal(ram.writes, 0);
}

/* An absent page is brought in and the write is executed again; a page may also go half-way. */
static bool take_away;

static void page_goes(gpa_t at, size_t n)
{
    (void)at, (void)n;
    if (take_away)
        ram.absent[3] = true;
    take_away = false;
}

static void absent_pages(void **state)
{
    struct pv_clock c;

    (void)state;
    ram.absent[2] = ram.absent[3] = true;
    assert_int_equal(pv_clock_system(v, 0x2ff1), OUTCOME_AGAIN);
    assert_int_equal(vcpu.clock_msr, 0);
    assert_int_equal(pv_clock_system(v, 0x2ff1), OUTCOME_AGAIN);
    assert_int_equal(ram.brought, 2);
    take_away = true;
    ram.written = page_goes;
    assert_int_equal(pv_clock_system(v, 0x2ff1), OUTCOME_AGAIN);
    assert_int_equal(pv_clock_system(v, 0x2ff1), OUTCOME_DONE);
    assert_int_equal(ram.brought, 3);
    memcpy(&c, ram.byte + 0x2ff0, sizeof(c));
    assert_int_equal(clock_ns(&c, fake.tsc_khz * 1000), 1000000000);
    assert_int_equal(vcpu.clock_msr, 0x2ff1);
}

static u64 wall_ns(u64 area)
{
    struct pv_wall_clock w;

    assert_int_equal(pv_clock_wall(v, area), OUTCOME_DONE);
    memcpy(&w, ram.byte + area, sizeof(w));
    assert_int_equal(w.version & 1, 0);
    assert_in_range(w.nsec, 0, 999999999);
    return w.sec * 1000000000ull + w.nsec;
}

static void wall_clock(void **state)
{
    struct pv_wall_clock w;

    (void)state;
    memset(ram.byte + 0x3000, 0xff, sizeof(w));
    assert_int_equal(pv_clock_wall(v, 0x3000), OUTCOME_DONE);
    memcpy(&w, ram.byte + 0x3000, sizeof(w));
    assert_int_equal(w.version & 1, 0);
    assert_int_equal(w.sec, 0);
    assert_int_equal(w.nsec, 0);
    assert_int_equal(vm.wall_clock_msr, 0x3000);
    fake.wall_start = 1700000000000000000;
    fake.now = 5000000000;
    assert_int_equal(wall_ns(0x3000), fake.wall_start);
    vm.tsc_offset = 2000000000; /* its counter is a second ahead: it was 0 a second earlier */
    assert_int_equal(wall_ns(0x3000), fake.wall_start - 1000000000);
    vm.tsc_offset = -(u64)2000000000;
    fake.now += 1500000000;
    assert_int_equal(wall_ns(0x3000), fake.wall_start + 1000000000);
    vm.tsc_offset = 0;
    fake.wall_start = 0;
    assert_int_equal(pv_clock_wall(v, 0x3001), OUTCOME_GP);
    assert_int_equal(pv_clock_wall(v, RAM_PAGES * PAGE_SIZE), OUTCOME_GP);
    assert_int_equal(vm.wall_clock_msr, 0x3000);
    ram.absent[4] = true;
    assert_int_equal(pv_clock_wall(v, 0x4000), OUTCOME_AGAIN);
    assert_int_equal(pv_clock_wall(v, 0x4000), OUTCOME_DONE);
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        test(system_time),  test(version_protocol), test(system_time_refused),
        test(absent_pages), test(wall_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
