/* SPDX-License-Identifier: BSD-2-Clause */
/* int128.c: 128-bit arithmetic that the compiler calls by name, in place of libgcc's that keeps a red zone. */
#include "lib/types.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

/* The names are the compiler's own (GCC internals, "Routines for integer arithmetic"). */
u128 __umodti3(u128 a, u128 b);
u128 __udivmodti4(u128 a, u128 b, u128 *rest);
long double __floatuntixf(u128 a);
long double __floattixf(s128 a);

/* Its quotient alone is libgcc's, which needs no memory: what is here may not divide two u128 in any other way. */
u128 __udivti3(u128 a, u128 b);

u128 __udivmodti4(u128 a, u128 b, u128 *rest)
{
    u128 quotient = __udivti3(a, b);

    if (rest)
        *rest = a - quotient * b;
    return quotient;
}

u128 __umodti3(u128 a, u128 b)
{
    return a - __udivti3(a, b) * b;
}

/* Both halves are exact in 64 bits of mantissa, so that only the sum rounds. */
long double __floatuntixf(u128 a)
{
    return (long double)(u64)(a >> 64) * 0x1p64L + (long double)(u64)a;
}

long double __floattixf(s128 a)
{
    return a < 0 ? -__floatuntixf(-(u128)a) : __floatuntixf((u128)a);
}
