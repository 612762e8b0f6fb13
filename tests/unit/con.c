/* SPDX-License-Identifier: BSD-2-Clause */
/* con.c: tests of the host's own console lines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "fake/machine.h"
#include "con.h"

static void lines_are_marked_and_whole(void **state)
{
    (void)state;
    con_host("%u of %s", 3u, "four");
    assert_string_equal(fake.console, "host| 3 of four\n");
    assert_int_equal(fake.console_writes, 1);
}

static void long_lines_are_cut(void **state)
{
    char text[2 * CON_LINE];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (unsigned n = CON_LINE - 3; n < CON_LINE + 3; n++) {
        fake_console_clear();
        con_host("%.*s", n, text);
        assert_int_equal(fake.console_length, strlen("host| ") + MIN(n, CON_LINE - 1u) + 1);
        assert_int_equal(fake.console[fake.console_length - 1], '\n');
        assert_int_equal(fake.console_writes, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_marked_and_whole, fake_setup, fake_teardown),
        cmocka_unit_test_setup_teardown(long_lines_are_cut, fake_setup, fake_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
