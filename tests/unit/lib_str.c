/* SPDX-License-Identifier: BSD-2-Clause */
/* lib_str.c: str.c under other names against the C library, for all short lengths, alignments and overlaps. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STR_TEST
#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define strlen  our_strlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#include "lib/str.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#define LENGTHS 80
#define SKEWS   9

static void fill(u8 *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (u8)(i * 7 + 1);
}

static void copies(void **state)
{
    (void)state;
    for (size_t n = 0; n < LENGTHS; n++) {
        for (size_t skew = 0; skew < SKEWS; skew++) {
            u8 *from = malloc(n + skew + 1),
               *to = malloc(n + skew + 1); /* exact: the sanitizer sees a byte too far */

            fill(from, n + skew + 1);
            memset(to, 0xee, n + skew + 1);
            assert_ptr_equal(our_memcpy(to + skew, from + 1, n), to + skew);
            assert_memory_equal(to + skew, from + 1, n);
            assert_int_equal(to[n + skew], 0xee);
            assert_ptr_equal(our_memset(to + skew, (int)n, n), to + skew);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(to[skew + i], n);
            free(from);
            free(to);
        }
    }
}

static void moves_that_overlap(void **state)
{
    u8 ours[LENGTHS * 2], theirs[LENGTHS * 2];

    (void)state;
    for (size_t n = 0; n < LENGTHS; n++) {
        for (size_t from = 0; from < 24; from++) {
            for (size_t to = 0; to < 24; to++) {
                fill(ours, sizeof(ours));
                fill(theirs, sizeof(theirs));
                our_memmove(ours + to, ours + from, n);
                memmove(theirs + to, theirs + from, n);
                assert_memory_equal(ours, theirs, sizeof(ours));
            }
        }
    }
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void comparisons(void **state)
{
    static const char *const words[] = {"", "a", "ab", "abc", "abd", "b", "\377", "abcdefgh", "abcdefgi"};
    u8 a[40], b[40];

    (void)state;
    for (size_t n = 0; n < sizeof(a); n++) {
        for (size_t differs = 0; differs < sizeof(a); differs++) {
            fill(a, sizeof(a));
            fill(b, sizeof(b));
            b[differs] ^= 0x80;
            assert_int_equal(sign(our_memcmp(a, b, n)), sign(memcmp(a, b, n)));
            assert_int_equal(sign(our_memcmp(b, a, n)), sign(memcmp(b, a, n)));
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        assert_int_equal(our_strlen(words[i]), strlen(words[i]));
        for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
            assert_int_equal(sign(our_strcmp(words[i], words[j])), sign(strcmp(words[i], words[j])));
            for (size_t n = 0; n < 4; n++)
                assert_int_equal(sign(our_strncmp(words[i], words[j], n)),
                                 sign(strncmp(words[i], words[j], n)));
        }
    }
}

static void bounded_copy(void **state)
{
    char to[4];

    (void)state;
    assert_true(str_copy(to, sizeof(to), "abc"));
    assert_string_equal(to, "abc");
    assert_false(str_copy(to, sizeof(to), "abcd"));
    assert_string_equal(to, "abc");
    assert_true(str_copy(to, 1, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(moves_that_overlap),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(bounded_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
