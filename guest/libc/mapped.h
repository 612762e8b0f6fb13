/* SPDX-License-Identifier: BSD-2-Clause */
/* mapped.h: the pages that mmap() gave out. What is in none of the boot modules is in a set of runs. 0 or -E_… . */
#pragma once
#include "error.h"
#include "lib/types.h"
#include "mem.h"

/* Is each page of the range one that mmap() gave out, and is not in a module? */
bool mapped_all(const void *start, size_t bytes);
/* Does the range lie in the pages of a boot module? */
bool mapped_module(const void *start, size_t bytes);
/* New pages, cleared and writable; NULL if memory is out. */
void *mapped_new(size_t pages);
/* Gives back whatever part of the range is given out. */
int mapped_free(void *start, size_t bytes);
