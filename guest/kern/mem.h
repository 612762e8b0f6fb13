/* SPDX-License-Identifier: BSD-2-Clause */
/* mem.h: free memory: whole pages for the kernel, one growing heap for the C library. */
#pragma once
#include "lib/types.h"

#define MEM_LOWEST 0x100000ull /* below it lie firmware data and the start-up page of other CPUs */

void mem_init(void);
/* n pages in a row, never given back; NULL if memory is out. Not cleared. */
void *mem_pages(unsigned n);
/* Moves the end of the heap; returns where it was, or NULL if memory is out. */
void *mem_heap_grow(s64 bytes);
