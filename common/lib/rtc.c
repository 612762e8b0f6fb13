/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rtc.c: read the real-time clock, which changes meanwhile and writes numbers in one of four ways.
 *
 * Its registers must not be read while it updates them. It says so 244 us before (register A, bit 7); an update that
 * began between the look and the reading is noticed by reading twice.
 */
#include "rtc.h"

enum {
    SECOND = 0,
    MINUTE = 2,
    HOUR = 4,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    STATUS_A = 10,
    STATUS_B = 11,
    CENTURY = 0x32
};

#define A_UPDATING 0x80
#define B_BINARY   0x04
#define B_24_HOURS 0x02
#define HOUR_PM    0x80

#define UPDATE_POLLS 10000 /* an update lasts 2 ms, and reading a register about a microsecond */
#define READINGS     5

struct date {
    u8 second, minute, hour, day, month, year, century;
};

static bool wait_update(rtc_register get)
{
    for (unsigned i = 0; i < UPDATE_POLLS; i++)
        if (!(get(STATUS_A) & A_UPDATING))
            return true;
    return false;
}

static struct date read(rtc_register get)
{
    return (struct date){get(SECOND), get(MINUTE), get(HOUR), get(DAY), get(MONTH), get(YEAR), get(CENTURY)};
}

static bool same(const struct date *a, const struct date *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour && a->day == b->day &&
           a->month == b->month && a->year == b->year && a->century == b->century;
}

/* 0xff, which no place of a number can be, stays out of range. */
static unsigned number(u8 v, u8 status_b)
{
    if (status_b & B_BINARY)
        return v;
    return (v & 15) > 9 || v >> 4 > 9 ? 0xff : 10u * (v >> 4) + (v & 15);
}

/* Noon is 12 p.m., midnight 12 a.m. */
static unsigned hour_of(u8 v, u8 status_b)
{
    unsigned h;

    if (status_b & B_24_HOURS)
        return number(v, status_b);
    h = number(v & (u8)~HOUR_PM, status_b);
    if (h < 1 || h > 12)
        return 0xff;
    return h % 12 + (v & HOUR_PM ? 12 : 0);
}

/* Two digits; a machine that keeps the century elsewhere or nowhere lives in this one. */
static unsigned year_of(const struct date *d, u8 status_b)
{
    unsigned century = number(d->century, status_b);

    return (century == 19 || century == 20 || century == 21 ? century : 20) * 100 + number(d->year, status_b);
}

static bool leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const u8 days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && leap(year));
}

static u64 days_since_1970(unsigned year, unsigned month, unsigned day)
{
    u64 days = day - 1;

    for (unsigned y = 1970; y < year; y++)
        days += leap(y) ? 366 : 365;
    for (unsigned m = 1; m < month; m++)
        days += days_in(year, m);
    return days;
}

static u64 seconds_of(const struct date *d, u8 status_b)
{
    unsigned second = number(d->second, status_b), minute = number(d->minute, status_b);
    unsigned hour = hour_of(d->hour, status_b), day = number(d->day, status_b),
             month = number(d->month, status_b);
    unsigned year = year_of(d, status_b);

    if (second > 59 || minute > 59 || hour > 23 || month < 1 || month > 12 ||
        number(d->year, status_b) > 99 || year < 1970 || day < 1 || day > days_in(year, month))
        return 0;
    return ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

u64 rtc_seconds(rtc_register get)
{
    struct date d, again;

    for (unsigned i = 0; i < READINGS; i++) {
        if (!wait_update(get))
            return 0;
        d = read(get);
        again = read(get);
        if (!(get(STATUS_A) & A_UPDATING) && same(&d, &again))
            return seconds_of(&d, get(STATUS_B));
    }
    return 0;
}
