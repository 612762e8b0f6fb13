/* SPDX-License-Identifier: BSD-2-Clause */
/* device.c: the console, nothing, zeros without end, and random numbers. */
#include "con.h"
#include "file.h"
#include "karch.h"
#include "lib/str.h"

/* SplitMix64 over the time stamp counter: unlike from read to read, but no secret. */
static void fill_random(u8 *buf, size_t n)
{
    static u64 state;

    for (size_t part; n; n -= part, buf += part) {
        u64 x = at_add(&state, 0x9e3779b97f4a7c15ull + karch_tsc());

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
        x = (x ^ x >> 27) * 0x94d049bb133111ebull;
        x ^= x >> 31;
        part = MIN(n, sizeof(x));
        memcpy(buf, &x, part);
    }
}

s64 device_read(enum fs_device device, void *buf, size_t n)
{
    switch (device) {
    case FS_CONSOLE:
        return (s64)con_read(buf, n);
    case FS_NULL:
        return 0;
    case FS_ZERO:
        memset(buf, 0, n);
        break;
    case FS_RANDOM:
        fill_random(buf, n);
        break;
    }
    return (s64)n;
}

s64 device_write(enum fs_device device, const void *buf, size_t n)
{
    if (device == FS_CONSOLE)
        con_write(buf, n);
    return (s64)n;
}
