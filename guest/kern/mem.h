/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem.h: free memory: runs of whole pages, mapped at their physical address.
 *
 * All functions but mem_init() are called by threads that may wait, and with no spin lock held.
 */
#pragma once
#include "karch.h"
#include "lib/types.h"

#define MEM_LOWEST 0x100000ull /* below it lie firmware data and the start-up page of other CPUs */

void mem_init(void);
/* n pages in a row; NULL if there is no such run. Not cleared, perhaps absent: touched first by whom they are for. */
void *mem_pages(size_t n);
/* The same, at a multiple of align bytes, a power of two of at least PAGE_SIZE. */
void *mem_pages_aligned(size_t n, size_t align);
/* Any pages of such a run may go back, in any order. They must be as they came: readable and writable. */
void mem_pages_free(void *pages, size_t n);
/* From now on these pages may be accessed like this, on every CPU; false, and in part done, if memory is out. */
must_check bool mem_protect(void *pages, size_t n, enum karch_access access);
/* Pages that are free, and the longest run of them. */
size_t mem_pages_left(size_t *longest);
/* All pages that are ever given out lie in [*start, *end). */
void mem_bounds(u64 *start, u64 *end);
