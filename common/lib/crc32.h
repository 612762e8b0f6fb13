/* SPDX-License-Identifier: BSD-2-Clause */
/* crc32.h: the checksum of GPT, zlib and Ethernet (polynomial 0x04c11db7, bits reflected). */
#pragma once
#include "lib/types.h"

/* Of n bytes more, behind those whose checksum is `crc`; that of none is 0. */
u32 crc32(u32 crc, const void *p, size_t n);
