/* SPDX-License-Identifier: BSD-2-Clause */
/* complex.c: complex arithmetic in float that the compiler calls by name: that of libgcc keeps a red zone. */

/* The names are the compiler's own (GCC internals, "Other floating-point routines"): (a + bi) times or by (c + di). */
_Complex float __mulsc3(float a, float b, float c, float d);
_Complex float __divsc3(float a, float b, float c, float d);

/* In double nothing overflows that would not in float; infinities and NaNs come out of C11 annex G's rules there. */
_Complex float __mulsc3(float a, float b, float c, float d)
{
    return (_Complex float)(__builtin_complex((double)a, (double)b) *
                            __builtin_complex((double)c, (double)d));
}

_Complex float __divsc3(float a, float b, float c, float d)
{
    return (_Complex float)(__builtin_complex((double)a, (double)b) /
                            __builtin_complex((double)c, (double)d));
}
