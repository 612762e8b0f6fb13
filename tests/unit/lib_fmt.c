/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_fmt.c: every conversion and flag of fmt.h against the C library's printf, and the bounds of the buffer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "lib/fmt.h"

#define SAME(...)                                                           \
    do {                                                                    \
        char ours[128], theirs[128];                                        \
        size_t n = fmt_sn(ours, sizeof(ours), __VA_ARGS__);                 \
        assert_int_equal(n, snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
        assert_string_equal(ours, theirs);                                  \
    } while (0)

static void conversions(void **state)
{
    (void)state;
    SAME("plain");
    SAME("%d %i %d %d", 0, -1, INT32_MAX, INT32_MIN);
    SAME("%u %x %lx %lu %ld", 4000000000u, 0xdeadbeefu, 0x123456789abcdeful, UINT64_MAX, INT64_MIN);
    SAME("%llx %zu %llu", 0xfull, (size_t)17, 1ull << 63);
    SAME("%c%c %s|%s|", 'a', 'z', "", "text");
    SAME("100%%");
    SAME("%p", (void *)0x1000);
}

static void padding(void **state)
{
    (void)state;
    SAME("[%5d] [%-5d] [%05d] [%5d] [%05d]", 42, 42, 42, -42, -42);
    SAME("[%08x] [%016lx] [%8x] [%-8x]", 0xbeefu, 0x1ul, 0xbeefu, 0xbeefu);
    SAME("[%6s] [%-6s] [%.2s] [%6.2s] [%.*s] [%*s]", "abc", "abc", "abc", "abc", 1, "abc", 5, "abc");
    SAME("[%3c] [%-3c]", 'x', 'x');
    SAME("[%2d] [%02d]", 12345, 12345);
}

/* A string with a precision need not be terminated. */
static void precision_bounds_reading(void **state)
{
    char three[3] = {'a', 'b', 'c'}, out[8];

    (void)state;
    assert_int_equal(fmt_sn(out, sizeof(out), "%.*s", 3, three), 3);
    assert_string_equal(out, "abc");
}

static void cut_and_terminated(void **state)
{
    char out[8];

    (void)state;
    for (size_t size = 1; size <= sizeof(out); size++) {
        memset(out, '#', sizeof(out));
        assert_int_equal(fmt_sn(out, size, "%s", "0123456789"), 10);
        assert_int_equal(strlen(out), size - 1);
        for (size_t i = size; i < sizeof(out); i++)
            assert_int_equal(out[i], '#');
    }
    assert_int_equal(fmt_sn(NULL, 0, "%d", 1234), 4);
}

static size_t unchecked(char *out, size_t size, const char *fmt, ...)
{
    va_list ap;
    size_t n;

    va_start(ap, fmt);
    n = fmt_vsn(out, size, fmt, ap);
    va_end(ap);
    return n;
}

static void the_unknown_stays(void **state)
{
    char out[32];

    (void)state;
    unchecked(out, sizeof(out), "%q %5y %");
    assert_string_equal(out, "%q %5y %");
    unchecked(out, sizeof(out), "%s", (char *)NULL);
    assert_string_equal(out, "(null)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions),
        cmocka_unit_test(padding),
        cmocka_unit_test(precision_bounds_reading),
        cmocka_unit_test(cut_and_terminated),
        cmocka_unit_test(the_unknown_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
