/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: bytes nobody can foretell, from the machine or not at all. */
#include "guest.h"
#include "karch.h"
#include "lib/str.h"

bool random_fill(void *buf, size_t n)
{
    u8 *to = buf;

    while (n) {
        size_t part = MIN(n, sizeof(u64));
        u64 word;

        if (!karch_random(&word))
            return false;
        memcpy(to, &word, part);
        to += part;
        n -= part;
    }
    return true;
}
