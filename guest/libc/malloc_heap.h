/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc_heap.h: malloc without its C names; they are malloc.c's. NULL = memory is out. */
#pragma once
#include "lib/types.h"

void *heap_alloc(size_t bytes);
void *heap_alloc_aligned(size_t align, size_t bytes); /* align: a power of two */
/* Of what is already there the smaller of both sizes stays. If it fails, p is as it was. */
void *heap_resize(void *p, size_t bytes);
void heap_free(void *p);
size_t heap_usable(const void *p);
/* The calling thread will not use malloc any more: what it had is another's. */
void heap_thread_end(void);
