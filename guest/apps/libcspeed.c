/* SPDX-License-Identifier: BSD-2-Clause */
/* libcspeed.c: what functions of the C library cost, in ticks of the time stamp counter (tests/bench/libc.py). */
#include "guest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES 15
#define SHORT   64
#define LONG    4096
#define NUMBERS 1000

static char from[LONG + 1], to[LONG + 1], line[128];
static int numbers[NUMBERS];
static volatile double number = 3.14159265358979; /* not known to the compiler */
static volatile size_t result;

/* Nor are the functions, so that it cannot do their work itself. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile fill)(void *, int, size_t) = memset;
static void *(*volatile find)(const void *, int, size_t) = memchr;
static int (*volatile compare)(const char *, const char *) = strcmp;
static size_t (*volatile length)(const char *) = strlen;

static void run_memcpy_short(void)
{
    copy(to, from, SHORT);
}

static void run_memcpy_long(void)
{
    copy(to, from, LONG);
}

static void run_memset_long(void)
{
    fill(to, 'a', LONG);
}

static void run_memchr_long(void)
{
    result = (size_t)find(from, 'b', LONG);
}

static void run_strlen_short(void)
{
    result = length(from + LONG - SHORT);
}

static void run_strlen_long(void)
{
    result = length(from);
}

static void run_strcmp_short(void)
{
    result = (size_t)compare(from + LONG - SHORT, to + LONG - SHORT);
}

static void run_printf_d(void)
{
    result = (size_t)snprintf(line, sizeof(line), "%d", 1234567);
}

static void run_printf_s(void)
{
    result = (size_t)snprintf(line, sizeof(line), "%s: %s", "a name", "a value");
}

static void run_printf_g(void)
{
    result = (size_t)snprintf(line, sizeof(line), "%g", number);
}

static void run_printf_17g(void)
{
    result = (size_t)snprintf(line, sizeof(line), "%.17g", number);
}

static void run_strtod(void)
{
    number = strtod("3.14159265358979", NULL);
}

static void run_strtol(void)
{
    result = (size_t)strtol("1234567", NULL, 10);
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

/* The numbers are the same each time: a linear congruence, not a rand() of the library's. */
static void run_qsort(void)
{
    unsigned seed = 1;

    for (unsigned i = 0; i < NUMBERS; i++) {
        seed = seed * 1664525 + 1013904223;
        numbers[i] = (int)(seed >> 1);
    }
    qsort(numbers, NUMBERS, sizeof(*numbers), ascending);
}

static const struct {
    const char *name;
    void (*run)(void);
} rows[] = {
    {"memcpy_64", run_memcpy_short},  {"memcpy_4096", run_memcpy_long}, {"memset_4096", run_memset_long},
    {"memchr_4096", run_memchr_long}, {"strlen_64", run_strlen_short},  {"strlen_4096", run_strlen_long},
    {"strcmp_64", run_strcmp_short},  {"printf_d", run_printf_d},       {"printf_s", run_printf_s},
    {"printf_g", run_printf_g},       {"printf_17g", run_printf_17g},   {"strtod", run_strtod},
    {"strtol", run_strtol},           {"qsort_1000", run_qsort},
};

static u32 ticks(void)
{
    u32 low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low;
}

/* The least of some samples: whatever else the CPU did meanwhile can only have made it more. */
static u32 measured(void (*run)(void))
{
    u32 least = UINT32_MAX;

    for (int i = 0; i < SAMPLES; i++) {
        u32 start = ticks();

        run();
        u32 took = ticks() - start;

        least = MIN(least, took);
    }
    return least;
}

static void nothing(void)
{
}

int main(void)
{
    u32 lost = measured(nothing);

    memset(from, 'a', LONG);
    memcpy(to, from, LONG);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        printf("bench: %s = %u\n", rows[i].name, measured(rows[i].run) - lost);
    return 0;
}
