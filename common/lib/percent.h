/* SPDX-License-Identifier: BSD-2-Clause */
/* percent.h: digits as they are written, and texts in which %41 is a byte (RFC 3986, 2.1). */
#pragma once
#include "types.h"

/* 16 or more: it is no hexadecimal digit. */
static inline u32 hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (u32)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (u32)(c - 'a') + 10;
    return c >= 'A' && c <= 'F' ? (u32)(c - 'A') + 10 : ~0u;
}

/*
 * The bytes that `text` means, `room` of them at most, without a NUL; how many there are. `to` may be `text`. A per
 * cent sign stands for itself unless two hexadecimal digits follow.
 */
size_t percent_decode(void *to, size_t room, const char *text);
