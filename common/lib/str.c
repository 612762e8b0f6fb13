/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str.c: memory and string functions in portable C, eight bytes at a time where the length allows.
 *
 * A hosted program has its C library's and gets none of these; the unit test asks for them under other names.
 */
#include "lib/str.h"

#if !__STDC_HOSTED__ || defined(STR_TEST)

/* The compiler turns these into single unaligned moves; it cannot turn them back into calls of what is defined here. */
static always_inline u64 get8(const u8 *p)
{
    u64 v;

    __builtin_memcpy(&v, p, sizeof(v));
    return v;
}

static always_inline void put8(u8 *p, u64 v)
{
    __builtin_memcpy(p, &v, sizeof(v));
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    u8 *d = to;
    const u8 *s = from;

    for (; n >= 32; n -= 32, d += 32, s += 32) {
        put8(d, get8(s));
        put8(d + 8, get8(s + 8));
        put8(d + 16, get8(s + 16));
        put8(d + 24, get8(s + 24));
    }
    for (; n >= 8; n -= 8, d += 8, s += 8)
        put8(d, get8(s));
    for (; n; n--)
        *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    u8 *d = to;
    const u8 *s = from;

    if ((uintptr_t)d - (uintptr_t)s < n) { /* the target starts inside the source: go down */
        for (; n >= 8; n -= 8)
            put8(d + n - 8, get8(s + n - 8));
        for (; n; n--)
            d[n - 1] = s[n - 1];
        return to;
    }
    for (; n >= 8; n -= 8, d += 8, s += 8)
        put8(d, get8(s));
    for (; n; n--)
        *d++ = *s++;
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    u64 word = (u8)byte * 0x0101010101010101ull;
    u8 *d = to;

    for (; n >= 32; n -= 32, d += 32) {
        put8(d, word);
        put8(d + 8, word);
        put8(d + 16, word);
        put8(d + 24, word);
    }
    for (; n; n--)
        *d++ = (u8)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a, *y = b;

    for (; n >= 8 && get8(x) == get8(y); n -= 8, x += 8, y += 8)
        ;
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; n--, a++, b++)
        ;
    return n ? (u8)*a - (u8)*b : 0;
}

#endif
