/* SPDX-License-Identifier: BSD-2-Clause */
/* timegm.c: the seconds from a date in UTC; members out of range count as for mktime(). */
#include "lib/types.h"
#include "result.h"
#include <time.h>

#define MONTHS 12
/* Of the Gregorian calendar, in which a year may start in March: the odd day is then its last. */
#define DAYS_PER_400_YEARS 146097
#define DAYS_TO_1970       719468 /* from 1 March of the year 0 */

static s64 divide_down(s64 a, s64 b)
{
    return a / b - (a % b < 0);
}

/* From 1 January 1970 to the first day of a month that may lie outside of its year. */
static s64 days_before(s64 year, s64 month)
{
    s64 from_march = year * MONTHS + month - 2;
    s64 y = divide_down(from_march, MONTHS), m = from_march - y * MONTHS;
    s64 era = divide_down(y, 400), in_era = y - era * 400;

    return era * DAYS_PER_400_YEARS + in_era * 365 + in_era / 4 - in_era / 100 + (m * 153 + 2) / 5 -
           DAYS_TO_1970;
}

time_t timegm(struct tm *date)
{
    s64 days = days_before(1900 + (s64)date->tm_year, date->tm_mon) + date->tm_mday - 1;
    time_t seconds = ((days * 24 + date->tm_hour) * 60 + date->tm_min) * 60 + date->tm_sec;

    return gmtime_r(&seconds, date) ? seconds : libc_failed(EOVERFLOW);
}
