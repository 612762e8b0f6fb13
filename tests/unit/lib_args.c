/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_args.c: args.c reads what it should, stops at `--`, and its messages name key and value. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/args.h"

static const char *const colours[] = {"red", "green", NULL};

static struct {
    u64 cpus, mem, wait, colour;
    struct arg_texts modules;
    const char *rest;
    char error[ARG_ERROR_BYTES];
} got;

static bool read(const char *line)
{
    const struct arg_def defs[] = {
        {"cpus", ARG_NUMBER, 1, 8, .value = &got.cpus},
        {"mem", ARG_SIZE, 1 * MiB, 2 * GiB, .value = &got.mem},
        {"wait", ARG_DURATION, 1000, 60000000000, .value = &got.wait},
        {"colour", ARG_CHOICE, .names = colours, .value = &got.colour},
        {"module", ARG_TEXT, .texts = &got.modules},
    };

    memset(&got, 0, sizeof(got));
    got.colour = 99;
    return args_read(line, defs, ARRAY_SIZE(defs), &got.rest, got.error);
}

static void values(void **state)
{
    (void)state;
    assert_true(read("cpus=3 mem=24M  wait=20ms\tcolour=green"));
    assert_int_equal(got.cpus, 3);
    assert_int_equal(got.mem, 24 * MiB);
    assert_int_equal(got.wait, 20000000);
    assert_int_equal(got.colour, 1);
    assert_string_equal(got.rest, "");
    assert_true(read("mem=1G wait=5s cpus=0x8"));
    assert_int_equal(got.mem, GiB);
    assert_int_equal(got.wait, 5000000000);
    assert_int_equal(got.cpus, 8);
    assert_int_equal(got.colour, 99);
    assert_true(read("mem=1048576 wait=1us cpus=1 cpus=2"));
    assert_int_equal(got.mem, MiB);
    assert_int_equal(got.cpus, 2);
}

static void what_follows_the_dashes(void **state)
{
    (void)state;
    assert_true(read("cpus=2 -- cpus=99 -- anything"));
    assert_int_equal(got.cpus, 2);
    assert_string_equal(got.rest, "cpus=99 -- anything");
    assert_true(read("--"));
    assert_string_equal(got.rest, "");
    assert_true(read(""));
    assert_true(read("   "));
}

static void texts_and_quotes(void **state)
{
    (void)state;
    assert_true(read("module=a:1 \"module=b:with blank\" cpus=2"));
    assert_int_equal(got.modules.count, 2);
    assert_int_equal(got.modules.text[0].len, 3);
    assert_memory_equal(got.modules.text[0].at, "a:1", 3);
    assert_int_equal(got.modules.text[1].len, 12);
    assert_memory_equal(got.modules.text[1].at, "b:with blank", 12);
    assert_int_equal(got.cpus, 2);
    assert_true(read("\"cpus=4")); /* never closed: the word ends with the line */
    assert_int_equal(got.cpus, 4);
    assert_false(read("module=1 module=2 module=3 module=4 module=5"));
    assert_string_equal(got.error, "module=5: given more than 4 times");
}

static void messages(void **state)
{
    static const char *const cases[][2] = {
        {"mem=24Q", "mem=24Q: expected a size such as 24M or 1G"},
        {"mem=", "mem=: expected a size such as 24M or 1G"},
        {"mem=M", "mem=M: expected a size such as 24M or 1G"},
        {"mem=-1M", "mem=-1M: expected a size such as 24M or 1G"},
        {"mem=0x", "mem=0x: expected a size such as 24M or 1G"},
        {"mem=99999999999999999999", "mem=99999999999999999999: expected a size such as 24M or 1G"},
        {"mem=17179869184G", "mem=17179869184G: expected a size such as 24M or 1G"},
        {"mem=4G", "mem=4G: must be from 1M to 2G"},
        {"mem=4K", "mem=4K: must be from 1M to 2G"},
        {"cpus=9", "cpus=9: must be from 1 to 8"},
        {"cpus=2M", "cpus=2M: expected a number"},
        {"wait=5", "wait=5: expected a duration such as 5s or 20ms"},
        {"wait=61s", "wait=61s: must be from 1us to 60s"},
        {"colour=blue", "colour=blue: expected one of red green"},
        {"color=red", "color=red: unknown argument"},
        {"cpus", "cpus: expected key=value"},
        {"=3", "=3: unknown argument"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_false(read(cases[i][0]));
        assert_string_equal(got.error, cases[i][1]);
    }
}

static void long_words_fit_the_message(void **state)
{
    char line[1000];

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    line[sizeof(line) - 1] = 0;
    assert_false(read(line));
    assert_true(strlen(got.error) < ARG_ERROR_BYTES - 1);
    memcpy(line, "colour=", 7);
    assert_false(read(line));
    assert_non_null(strstr(got.error, "expected one of red green"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(what_follows_the_dashes),
        cmocka_unit_test(texts_and_quotes),
        cmocka_unit_test(messages),
        cmocka_unit_test(long_words_fit_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
