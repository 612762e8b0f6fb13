/* SPDX-License-Identifier: BSD-2-Clause */
/* fs_pages.c: the bytes of a file against an array of bytes, with memory that runs out, and at the largest offsets. */
/* with: guest/fs/pages.c */
/* with: guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c tests/unit/guest/fake/files.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "fake/files.h"
#include "pages.h"
#include <stdlib.h>
#include <string.h>

#define MODEL_BYTES (4 * MiB)
#define STEPS       20000

static struct pages file;
static u8 model[MODEL_BYTES], buf[40000], other[40000];
static u64 model_bytes;

static int setup(void **state)
{
    (void)state;
    fake_files_reset();
    assert_int_equal(fake_files.pages_out, 0);
    memset(&file, 0, sizeof(file));
    memset(model, 0, sizeof(model));
    model_bytes = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(pages_resize(&file, 0), 0);
    assert_int_equal(file.held, 0);
    assert_int_equal(fake_files.pages_out, 0);
    return 0;
}

static u64 any(u64 below)
{
    return (u64)random() % below;
}

/* Mostly near the beginning, sometimes anywhere. */
static u64 any_offset(void)
{
    return any(any(4) ? 20 * PAGE_SIZE : MODEL_BYTES - sizeof(buf));
}

static void random_write(void)
{
    u64 at = any_offset();
    size_t n = any(any(8) ? 100 : sizeof(buf));
    s64 done;

    for (size_t i = 0; i < n; i++)
        buf[i] = (u8)random();
    done = pages_write(&file, buf, n, at);
    if (done < 0) {
        assert_int_equal(done, -E_NOSPC);
        assert_int_equal(fake_files.pages_left, 0);
        return;
    }
    assert_in_range(done, n && fake_files.pages_left ? n : 0, n);
    memcpy(model + at, buf, (size_t)done);
    if (done)
        model_bytes = MAX(model_bytes, at + (u64)done);
}

static void random_read(void)
{
    u64 at = any_offset();
    size_t n = any(sizeof(buf)), expected = at < model_bytes ? MIN(n, model_bytes - at) : 0;

    memset(other, 0x5a, n);
    assert_int_equal(pages_read(&file, other, n, at), expected);
    assert_memory_equal(other, model + at, expected);
}

static void random_resize(void)
{
    u64 to = any(3) ? any(model_bytes + 1) : any_offset();

    assert_int_equal(pages_resize(&file, to), 0);
    if (to < model_bytes)
        memset(model + to, 0, model_bytes - to);
    model_bytes = to;
}

static void run(unsigned seed)
{
    srandom(seed);
    for (unsigned i = 0; i < STEPS; i++) {
        switch (any(10)) {
        case 0:
            random_resize();
            break;
        case 1 ... 4:
            random_write();
            break;
        default:
            random_read();
        }
        assert_int_equal(file.bytes, model_bytes);
        assert_int_equal(file.held, fake_files.pages_out);
    }
}

static void as_an_array(void **state)
{
    (void)state;
    run(1);
}

static void as_an_array_while_memory_is_out(void **state)
{
    (void)state;
    fake_files.pages_left = 12;
    run(2);
}

static void at_the_ends_of_every_level(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= PAGES_LEVELS_MAX; level++) {
        u64 end = PAGE_SIZE << 9 * level;

        assert_int_equal(pages_write(&file, "abc", 3, end - 1), level < PAGES_LEVELS_MAX ? 3 : 1);
        assert_int_equal(file.bytes, level < PAGES_LEVELS_MAX ? end + 2 : end);
        assert_int_equal(pages_read(&file, buf, 3, end - 1), level < PAGES_LEVELS_MAX ? 3 : 1);
        assert_memory_equal(buf, "abc", level < PAGES_LEVELS_MAX ? 3 : 1);
        assert_int_equal(pages_read(&file, buf, 2, end - 3), 2);
        assert_memory_equal(buf, level ? "\0\0" : "\0\0", 2);
    }
    assert_int_equal(pages_read(&file, buf, 3, PAGE_SIZE - 1), 3);
    assert_memory_equal(buf, "abc", 3);
}

static void no_memory_behind_the_tables(void **state)
{
    (void)state;
    fake_files.pages_left = 2;
    assert_int_equal(pages_write(&file, "a", 1, PAGES_BYTES_MAX - 1), -E_NOSPC);
    assert_int_equal(file.bytes, 0);
    assert_int_equal(file.held, 2); /* which the end of the test wants back */
}

static void too_far_out(void **state)
{
    (void)state;
    assert_int_equal(pages_write(&file, "a", 1, PAGES_BYTES_MAX), -E_FBIG);
    assert_int_equal(pages_write(&file, "a", 1, UINT64_MAX), -E_FBIG);
    assert_int_equal(pages_write(&file, "a", 0, UINT64_MAX), 0);
    assert_int_equal(pages_resize(&file, PAGES_BYTES_MAX + 1), -E_FBIG);
    assert_int_equal(pages_resize(&file, PAGES_BYTES_MAX), 0);
    assert_int_equal(pages_read(&file, buf, 10, PAGES_BYTES_MAX - 5), 5);
    assert_int_equal(pages_read(&file, buf, 10, UINT64_MAX), 0);
    assert_int_equal(file.held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_an_array, setup, teardown),
        cmocka_unit_test_setup_teardown(as_an_array_while_memory_is_out, setup, teardown),
        cmocka_unit_test_setup_teardown(at_the_ends_of_every_level, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_behind_the_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(too_far_out, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
