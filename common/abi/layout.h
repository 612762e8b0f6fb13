/* SPDX-License-Identifier: BSD-2-Clause */
/* layout.h: what these headers need to say the same in C11, C++17 and assembly. Usable from assembly. */
#pragma once

/* A constant of 64 bits. */
#ifdef __ASSEMBLER__
#define ABI_U64(number) number
#else
#define ABI_U64(number) number##ull

/* Does not compile if it is not so. */
#ifdef __cplusplus
#define ABI_ASSERT(condition, text) static_assert(condition, text)
#else
#define ABI_ASSERT(condition, text) _Static_assert(condition, text)
#endif
#endif
