/* SPDX-License-Identifier: BSD-2-Clause */
/* fs_cpio.c: archives entry by entry, and every way in which one can be wrong, without a byte touched outside of it. */
/* with: guest/fs/cpio.c */
/* with: guest/kern/boot.c guest/kern/panic.c tests/unit/guest/fake/machine.c tests/unit/guest/fake/files.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "cpio.h"
#include "fake/files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 110
#define FUZZ_ROUNDS  30000

static struct archive a;

static int setup(void **state)
{
    (void)state;
    fake_files_reset();
    memset(&a, 0, sizeof(a));
    return 0;
}

/* Reads a copy of just these bytes to its end; returns how. What was found goes to `entries` and *c. */
static enum cpio_result read_all(const u8 *data, size_t bytes, struct cpio *c, unsigned *entries)
{
    u8 *copy = malloc(bytes + !bytes);
    enum cpio_result result;
    struct cpio_entry e;
    u64 before = 0;
    u32 sum = 0;

    memcpy(copy, data, bytes);
    *c = (struct cpio){.data = copy, .bytes = bytes};
    *entries = 0;
    while ((result = cpio_next(c, &e)) == CPIO_ENTRY || result == CPIO_TRAILER) {
        assert_true(c->at > before && c->at <= bytes);
        before = c->at;
        *entries += result == CPIO_ENTRY;
        sum += (u32)strlen(e.name);
        for (u64 i = 0; i < e.bytes; i++)
            sum += e.data[i];
    }
    assert_true(result != CPIO_BAD || (c->at <= bytes && c->wrong && *c->wrong));
    assert_true(sum < UINT32_MAX);
    free(copy);
    return result;
}

static void expect(size_t bytes, enum cpio_result result, unsigned entries, u64 at, const char *wrong)
{
    struct cpio c;
    unsigned found;

    assert_int_equal(read_all(a.data, bytes, &c, &found), result);
    assert_int_equal(found, entries);
    if (result == CPIO_BAD) {
        assert_int_equal(c.at, at);
        assert_string_equal(c.wrong, wrong);
    }
}

static void entries_and_fields(void **state)
{
    struct cpio c = {.data = a.data};
    struct cpio_entry e;
    size_t second;

    (void)state;
    archive_add_linked(&a, "some/file", ARCHIVE_FILE, "hello", 5, 0xdeadbeef, 3);
    second = archive_add(&a, "empty", ARCHIVE_FILE, "");
    archive_end(&a);
    c.bytes = a.bytes;
    assert_int_equal(cpio_next(&c, &e), CPIO_ENTRY);
    assert_string_equal(e.name, "some/file");
    assert_int_equal(e.inode, 0xdeadbeef);
    assert_int_equal(e.mode, ARCHIVE_FILE);
    assert_int_equal(e.links, 3);
    assert_int_equal(e.mtime, 77);
    assert_int_equal(e.device_major, 8);
    assert_int_equal(e.device_minor, 1);
    assert_int_equal(e.bytes, 5);
    assert_int_equal(e.offset, 0);
    assert_memory_equal(e.data, "hello", 5);
    assert_int_equal(cpio_next(&c, &e), CPIO_ENTRY);
    assert_int_equal(e.offset, second);
    assert_int_equal(e.bytes, 0);
    assert_int_equal(cpio_next(&c, &e), CPIO_TRAILER);
    assert_int_equal(cpio_next(&c, &e), CPIO_END);
    assert_int_equal(cpio_next(&c, &e), CPIO_END);
}

static void several_archives_between_zeros(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        archive_add(&a, "file", ARCHIVE_FILE, "text");
        archive_end(&a);
        a.bytes += 512 * i;
    }
    expect(a.bytes, CPIO_END, 3, 0, NULL);
    memcpy(a.data + a.bytes, "\0\0\0\0oops", 8);
    expect(a.bytes + 8, CPIO_BAD, 3, a.bytes + 4, "neither an archive nor zeros follow");
    memcpy(a.data + 4, "2", 1);
    expect(a.bytes, CPIO_BAD, 0, 0, "neither an archive nor zeros follow");
    memcpy(a.data + 4, "02", 2);
    expect(a.bytes, CPIO_END, 3, 0, NULL);
}

/* Whatever its length, a part of an archive is never read beyond its end. */
static void cut_short_anywhere(void **state)
{
    struct cpio c;
    unsigned entries;
    size_t trailer;

    (void)state;
    archive_add(&a, "a", ARCHIVE_FILE, "some text");
    archive_add(&a, "b/c", ARCHIVE_DIR, "");
    trailer = a.bytes;
    archive_end(&a);
    for (size_t n = 0; n < a.bytes; n++) {
        enum cpio_result result = read_all(a.data, n, &c, &entries);

        assert_int_equal(result, n && n < trailer + HEADER_BYTES + 11 ? CPIO_BAD : CPIO_END);
    }
    expect(trailer, CPIO_BAD, 2, trailer, "the archive ends without TRAILER!!!");
    expect(trailer + 50, CPIO_BAD, 2, trailer, "the archive ends inside a header");
    expect(trailer + 3, CPIO_BAD, 2, trailer, "no header of an entry");
}

static void set_field(size_t header, unsigned field, const char *digits)
{
    memcpy(a.data + header + 6 + 8 * field, digits, 8);
}

static void wrong_fields(void **state)
{
    static const struct {
        unsigned field;
        const char *digits, *wrong;
    } cases[] = {
        {6, "FFFFFFFF", "the entry is longer than the module"},
        {6, "00000200", "the entry is longer than the module"},
        {11, "00000000", "no name can be so long"},
        {11, "00001001", "no name can be so long"},
        {11, "FFFFFFFF", "no name can be so long"},
        {11, "00000800", "the entry is longer than the module"},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t at;

        memset(&a, 0, sizeof(a));
        archive_add(&a, "first", ARCHIVE_FILE, "text");
        at = archive_add(&a, "second", ARCHIVE_FILE, "more text");
        archive_end(&a);
        set_field(at, cases[i].field, cases[i].digits);
        expect(a.bytes, CPIO_BAD, 1, at, cases[i].wrong);
    }
    set_field(0, 11, "00000005");
    expect(a.bytes, CPIO_BAD, 0, HEADER_BYTES, "the name is not terminated");
}

/* Every digit of every field, made something that is none. */
static void no_digits(void **state)
{
    (void)state;
    archive_add(&a, "file", ARCHIVE_FILE, "text");
    archive_end(&a);
    for (size_t i = 6; i < HEADER_BYTES; i++) {
        static const char none[] = "/:@G`g \xff";
        u8 before = a.data[i];

        for (const char *c = none; *c; c++) {
            a.data[i] = (u8)*c;
            expect(a.bytes, CPIO_BAD, 0, i, "not a hexadecimal digit");
        }
        a.data[i] = before;
    }
    expect(a.bytes, CPIO_END, 1, 0, NULL);
}

/* Any digit of any field made any other one; then whatever chance does to an archive. */
static void fuzz(void **state)
{
    struct archive good;
    struct cpio c;
    unsigned entries;

    (void)state;
    archive_add(&a, "file", ARCHIVE_FILE, "text of a file that is not short");
    archive_add(&a, "link", ARCHIVE_LINK, "file");
    archive_end(&a);
    good = a;
    for (size_t i = 6; i < HEADER_BYTES; i++) {
        for (const char *digit = "0123456789abcdefABCDEF"; *digit; digit++) {
            a.data[i] = (u8)*digit;
            (void)read_all(a.data, a.bytes, &c, &entries);
        }
        a.data[i] = good.data[i];
    }
    srandom(1);
    for (unsigned i = 0; i < FUZZ_ROUNDS; i++) {
        memcpy(a.data, good.data, good.bytes);
        for (long flips = random() % 4 + 1; flips; flips--)
            a.data[(size_t)random() % a.bytes] =
                random() % 2 ? (u8) "0123456789ABCDEF"[random() % 16] : (u8)random();
        (void)read_all(a.data, random() % 4 ? a.bytes : (size_t)random() % a.bytes, &c, &entries);
    }
}

static void zeros_have_a_limit(void **state)
{
    static u8 data[2 * CPIO_PADDING_MAX];
    struct cpio c = {.data = data, .bytes = sizeof(data)};
    struct cpio_entry e;

    (void)state;
    archive_end(&a);
    memcpy(data, a.data, a.bytes);
    memcpy(data + a.bytes + CPIO_PADDING_MAX, "x", 1);
    assert_int_equal(cpio_next(&c, &e), CPIO_TRAILER);
    assert_int_equal(cpio_next(&c, &e), CPIO_END);
    c.at = a.bytes + 1;
    assert_int_equal(cpio_next(&c, &e), CPIO_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(entries_and_fields, setup),
        cmocka_unit_test_setup(several_archives_between_zeros, setup),
        cmocka_unit_test_setup(cut_short_anywhere, setup),
        cmocka_unit_test_setup(wrong_fields, setup),
        cmocka_unit_test_setup(no_digits, setup),
        cmocka_unit_test_setup(fuzz, setup),
        cmocka_unit_test_setup(zeros_have_a_limit, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
