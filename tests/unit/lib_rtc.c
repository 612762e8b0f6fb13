/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_rtc.c: dates by a real-time clock, in all its ways to write them, while it updates them, and from none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "lib/rtc.h"

#define BINARY   0x04
#define HOURS_24 0x02
#define BCD(n)   ((u8)((n) / 10 * 16 + (n) % 10))

static u8 reg[128];
static unsigned updates; /* so many looks at register A find an update */
static unsigned begins;  /* the look at register A that finds a new one; one second later than before */
static unsigned late;    /* the update comes behind so many readings of the seconds */

static u8 get(u8 r)
{
    if (r == 10 && updates) {
        updates--;
        return 0xa6;
    }
    if (r == 10 && begins && !--begins) {
        reg[0]++;
        return 0xa6;
    }
    if (r == 0 && late && !--late)
        return reg[0]++;
    return reg[r];
}

static void set(unsigned year, u8 month, u8 day, u8 hour, u8 minute, u8 second)
{
    reg[0x32] = BCD(year / 100);
    reg[9] = BCD(year % 100);
    reg[8] = BCD(month);
    reg[7] = BCD(day);
    reg[4] = BCD(hour);
    reg[2] = BCD(minute);
    reg[0] = BCD(second);
    reg[10] = 0x26;
    reg[11] = HOURS_24;
    updates = begins = late = 0;
}

static void dates(void **state)
{
    static const struct {
        unsigned year;
        u8 month, day, hour, minute, second;
        u64 seconds; /* as date -u -d … +%s says */
    } known[] = {
        {1970, 1, 1, 0, 0, 1, 1},
        {1999, 12, 31, 23, 59, 59, 946684799},
        {2000, 2, 29, 12, 0, 0, 951825600},
        {2000, 3, 1, 0, 0, 0, 951868800},
        {2024, 12, 31, 23, 59, 59, 1735689599},
        {2031, 5, 6, 7, 8, 9, 1935817689},
        {2100, 3, 1, 0, 0, 0, 4107542400},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
        set(known[i].year, known[i].month, known[i].day, known[i].hour, known[i].minute, known[i].second);
        assert_int_equal(rtc_seconds(get), known[i].seconds);
    }
}

static void ways_to_write(void **state)
{
    (void)state;
    set(2031, 5, 6, 0, 8, 9);
    reg[11] = 0;
    reg[4] = 0x80 | BCD(7); /* 7 p.m. */
    assert_int_equal(rtc_seconds(get), 1935817689 + 12 * 3600);
    reg[4] = BCD(12); /* midnight */
    assert_int_equal(rtc_seconds(get), 1935817689 - 7 * 3600);
    reg[4] = 0x80 | BCD(12); /* noon */
    assert_int_equal(rtc_seconds(get), 1935817689 + 5 * 3600);
    reg[11] = BINARY;
    reg[9] = 31, reg[8] = 5, reg[7] = 6, reg[4] = 0x80 | 11, reg[2] = 8, reg[0] = 9, reg[0x32] = 20;
    assert_int_equal(rtc_seconds(get), 1935817689 + 16 * 3600);
    reg[11] = BINARY | HOURS_24;
    reg[4] = 23;
    assert_int_equal(rtc_seconds(get), 1935817689 + 16 * 3600);
}

/* A machine may keep the century elsewhere. */
static void no_century(void **state)
{
    (void)state;
    set(2031, 5, 6, 7, 8, 9);
    reg[0x32] = 0;
    assert_int_equal(rtc_seconds(get), 1935817689);
    reg[0x32] = 0xff;
    assert_int_equal(rtc_seconds(get), 1935817689);
}

/* Nothing is read during an update, and what was read across one is read again. */
static void updating(void **state)
{
    (void)state;
    set(2031, 5, 6, 7, 8, 8);
    updates = 100;
    assert_int_equal(rtc_seconds(get), 1935817688);
    assert_int_equal(updates, 0);
    late = 1;
    assert_int_equal(rtc_seconds(get), 1935817689);
    set(2031, 5, 6, 7, 8, 8);
    begins = 2;
    assert_int_equal(rtc_seconds(get), 1935817689);
}

static void no_clock(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(reg); i++)
        reg[i] = 0xff;
    assert_int_equal(rtc_seconds(get), 0); /* a bus on which nobody answers: an update without end */
    for (unsigned i = 0; i < sizeof(reg); i++)
        reg[i] = 0;
    assert_int_equal(rtc_seconds(get), 0); /* no month 0 */
}

static void nonsense(void **state)
{
    static const struct {
        u8 reg, value;
    } bad[] = {{0, 0x60}, {0, 0x1a}, {2, 0x60}, {4, 0x24}, {7, 0}, {7, 0x31}, {8, 0}, {8, 0x13}, {9, 0xa0}};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        set(2031, 6, 6, 7, 8, 9);
        reg[bad[i].reg] = bad[i].value;
        assert_int_equal(rtc_seconds(get), 0);
    }
    set(2031, 2, 29, 0, 0, 0);
    assert_int_equal(rtc_seconds(get), 0);
    set(2031, 6, 6, 0, 0, 0);
    reg[11] = 0; /* of twelve hours none is 0 */
    assert_int_equal(rtc_seconds(get), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),    cmocka_unit_test(ways_to_write), cmocka_unit_test(no_century),
        cmocka_unit_test(updating), cmocka_unit_test(no_clock),      cmocka_unit_test(nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
