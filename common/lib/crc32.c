/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32.c: bit by bit: what is checked is small, or read once. */
#include "lib/crc32.h"

#define POLYNOMIAL 0xedb88320u

u32 crc32(u32 crc, const void *p, size_t n)
{
    const u8 *at = p;

    for (crc = ~crc; n; n--) {
        crc ^= *at++;
        for (int i = 0; i < 8; i++)
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    }
    return ~crc;
}
