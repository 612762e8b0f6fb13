/* SPDX-License-Identifier: BSD-2-Clause */
/* error.h: why the kernel refused: the numbers that both C libraries give these names (guest/libc/error.c). */
#pragma once

enum error {
    E_PERM = 1,
    E_NOENT = 2,
    E_IO = 5,
    E_BADF = 9,
    E_AGAIN = 11,
    E_NOMEM = 12,
    E_ACCES = 13,
    E_BUSY = 16,
    E_EXIST = 17,
    E_NODEV = 19,
    E_NOTDIR = 20,
    E_ISDIR = 21,
    E_INVAL = 22,
    E_MFILE = 24,
    E_FBIG = 27,
    E_NOSPC = 28,
    E_SPIPE = 29,
    E_ROFS = 30,
    E_RANGE = 34,
    E_NOSYS = 88,
    E_NOTEMPTY = 90,
    E_NAMETOOLONG = 91,
    E_LOOP = 92,
};
