/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_percent.c: per cent signs with and without two digits behind them; a text over itself; room that ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/percent.h"

static void expect(const char *text, const char *meant, size_t length)
{
    char out[64];

    memset(out, '#', sizeof(out));
    assert_int_equal(percent_decode(out, sizeof(out), text), length);
    assert_memory_equal(out, meant, length);
    assert_int_equal(out[length], '#');
}

static void digits(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        const char *all = "0123456789abcdef",
                   *at = c > 0 ? strchr(all, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

        assert_true(at ? hex_digit((char)c) == (u32)(at - all) : hex_digit((char)c) >= 16);
    }
}

static void encoded(void **state)
{
    (void)state;
    expect("", "", 0);
    expect("a%20b", "a b", 3);
    expect("%41%4a%4B", "AJK", 3);
    expect("%00%ff", "\0\xff", 2);
    expect("%2541", "%41", 3); /* once, not again */
}

static void signs_that_stand_for_themselves(void **state)
{
    (void)state;
    expect("100%", "100%", 4);
    expect("%4", "%4", 2);
    expect("%4g%g4", "%4g%g4", 6);
    expect("%%41", "%A", 2);
}

static void over_itself(void **state)
{
    char text[] = "%73elect%20%31";
    size_t n = percent_decode(text, SIZE_MAX, text);

    (void)state;
    assert_int_equal(n, 8);
    assert_memory_equal(text, "select 1", 8);
}

static void no_more_than_there_is_room_for(void **state)
{
    char out[4] = "####";

    (void)state;
    assert_int_equal(percent_decode(out, 3, "%41%42%43%44"), 3);
    assert_memory_equal(out, "ABC#", 4);
    assert_int_equal(percent_decode(out, 0, "x"), 0);
    assert_int_equal(out[0], 'A');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits),
        cmocka_unit_test(encoded),
        cmocka_unit_test(signs_that_stand_for_themselves),
        cmocka_unit_test(over_itself),
        cmocka_unit_test(no_more_than_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
