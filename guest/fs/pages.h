/* SPDX-License-Identifier: BSD-2-Clause */
/* pages.h: the bytes of a file that a program made: pages in a tree. All zero is an empty file. The caller locks. */
#pragma once
#include "error.h"
#include "lib/types.h"

#define PAGES_LEVELS_MAX 3
#define PAGES_BYTES_MAX  (PAGE_SIZE << 9 * PAGES_LEVELS_MAX)

struct pages {
    void *root; /* a page of the file, or a table: a page of 512 pointers to such */
    u32 levels; /* of tables above the file's pages */
    u64 bytes;  /* the file's size */
    u64 held;   /* pages taken, tables included */
};

/* How many bytes there were, 0 beyond the end. What was never written reads as zeros. */
size_t pages_read(const struct pages *t, void *buf, size_t n, u64 offset);
/* How many bytes were written; -E_NOSPC if none for lack of memory, -E_FBIG beyond PAGES_BYTES_MAX. */
s64 pages_write(struct pages *t, const void *buf, size_t n, u64 offset);
/* Makes it so long; what is new reads as zeros. 0 or -E_FBIG. */
int pages_resize(struct pages *t, u64 bytes);
