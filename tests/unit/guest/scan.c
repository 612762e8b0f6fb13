/* SPDX-License-Identifier: BSD-2-Clause */
/* scan.c: pieces of a text, cut anywhere, add up to what a search of the whole, line by line, counts. */
/* with: guest/apps/search/scan.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "../../../guest/apps/search/scan.h"
#include <stdlib.h>
#include <string.h>

/* The definition, as slow and plain as it goes. */
static struct count count_plainly(const char *pattern, size_t len, const uint8_t *text, size_t size)
{
    struct count n = {0, 0};

    for (size_t at = 0; at < size;) {
        const uint8_t *newline = memchr(text + at, '\n', size - at);
        size_t end = newline ? (size_t)(newline - text) : size;
        uint64_t before = n.occurrences;

        while (at + len <= end) {
            int here = !memcmp(text + at, pattern, len);

            n.occurrences += (uint64_t)here;
            at += here ? len : 1;
        }
        n.lines += n.occurrences > before;
        at = end + 1;
    }
    return n;
}

/* The text lies at the very end of its allocation, so that the sanitizer sees a read beyond it. */
static void check_pieces(const char *pattern, size_t len, const void *content, size_t size, size_t piece)
{
    struct count want, got = {0, 0};
    uint8_t *text = malloc(size ? size : 1);
    struct pattern p;

    memcpy(text, content, size);
    want = count_plainly(pattern, len, text, size);
    pattern_init(&p, pattern, len);
    for (size_t start = 0; start < size; start += piece) {
        size_t end = size - start < piece ? size : start + piece;
        struct count n = scan_lines(&p, text, size, start, end);

        got.occurrences += n.occurrences;
        got.lines += n.lines;
    }
    free(text);
    assert_int_equal(got.occurrences, want.occurrences);
    assert_int_equal(got.lines, want.lines);
}

static void check_text(const char *pattern, const char *text)
{
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++)
        check_pieces(pattern, strlen(pattern), text, strlen(text), piece);
}

static void by_hand(void **state)
{
    (void)state;
    check_text("a", "");
    check_text("a", "a");
    check_text("a", "a\n");
    check_text("a", "\na");
    check_text("aa", "aaaaa\naa\n\na\naaaa");
    check_text("abc", "abcabc\nab\nc\nabc");
    check_text("longer than the text", "text");
    check_text("aba", "ababababa\nxaba");
}

static void bytes_of_any_value(void **state)
{
    static const char text[] = "a\0b\0\xff\n\0b\xff\0\n";

    (void)state;
    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        check_pieces("\0b", 2, text, sizeof(text), piece);
        check_pieces("\0", 1, text, sizeof(text), piece);
        check_pieces("\xff", 1, text, sizeof(text), piece);
    }
}

/* Few letters, so that matches and near misses are many. */
static void at_random(void **state)
{
    static const char letters[] = "aaab\n";
    char text[200], pattern[6];

    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        size_t size = (size_t)rand() % sizeof(text), len = 1 + (size_t)rand() % sizeof(pattern);

        for (size_t i = 0; i < size; i++)
            text[i] = letters[rand() % 5];
        for (size_t i = 0; i < len; i++)
            pattern[i] = letters[rand() % 4];
        check_pieces(pattern, len, text, size, 1 + (size_t)rand() % 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(bytes_of_any_value),
        cmocka_unit_test(at_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
