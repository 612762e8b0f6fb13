/* SPDX-License-Identifier: BSD-2-Clause */
/* device.c: the console, nothing, zeros without end, and random numbers. */
#include "con.h"
#include "file.h"
#include "guest.h"
#include "lib/str.h"

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
        return random_fill(buf, n) ? (s64)n : -E_IO;
    }
    return (s64)n;
}

s64 device_write(enum fs_device device, const void *buf, size_t n)
{
    if (device == FS_CONSOLE)
        con_write(buf, n);
    return (s64)n;
}
