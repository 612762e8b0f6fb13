/* SPDX-License-Identifier: BSD-2-Clause */
/* percent.c: undo percent encoding. */
#include "percent.h"

size_t percent_decode(void *to, size_t room, const char *text)
{
    u8 *out = to;
    size_t n = 0;

    while (*text && n < room) {
        u32 high = text[0] == '%' ? hex_digit(text[1]) : ~0u;
        u32 low = high < 16 ? hex_digit(text[2]) : ~0u;

        out[n++] = low < 16 ? (u8)(high << 4 | low) : (u8)*text;
        text += low < 16 ? 3 : 1;
    }
    return n;
}
