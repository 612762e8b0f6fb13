/* SPDX-License-Identifier: BSD-2-Clause */
/* ram.h: what malloc asks of a kernel, on threads of this machine: memory, and mutexes that are not recursive. */
#pragma once
#include "lib/types.h"

/* Makes so many bytes the machine's whole RAM; false if there are not so many. */
bool ram_make(size_t bytes);
