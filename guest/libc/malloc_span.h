/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * malloc_span.h: what malloc makes of pages: spans, each with blocks of one size, or with one large block.
 *
 *     | struct span | block | block | block | …      | struct span | one large block          |
 *     page                                           page
 *
 * A byte for each page says how many pages before it its span begins, so any pointer leads to its span.
 */
#pragma once
#include "lib/types.h"

#define BLOCK_ALIGN 16u
#define SMALL_MAX   (16 * KiB) /* larger blocks have pages of their own */
#define CLASSES     36u        /* steps of 16 to 128, then four to each doubling */

struct heap;

/* A free block. An allocated one has another word there than the key: who frees it again is noticed. */
struct block {
    struct block *next;
    u64 key;
};

struct span {
    u64 seal; /* says that this is a span, and where */
    struct heap
        *heap; /* whose; NULL for a large block. These, and what is constant, are read by any thread */
    struct span *next, *before; /* owner: in the list of spans of a class that have room */
    struct block *free;         /* owner; of a large block: itself */
    u32 pages, size;            /* of the whole; of a block */
    u32 reciprocal;             /* of size, in 2^-32, rounded up */
    u16 capacity, fresh, used;  /* blocks in all; owner: below `fresh` they were in use before; are in use */
    u8 class;
    bool listed;     /* owner: in the list */
    bool has_inside; /* atomic: pointers into the middle of blocks were given out, for alignment */
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct span) == 64, "blocks are aligned to 64 bytes if their size is a multiple of it");

static inline unsigned class_of(size_t bytes)
{
    size_t last = bytes - !!bytes;
    unsigned top;

    if (last < 128)
        return (unsigned)last / BLOCK_ALIGN;
    top = 63 - (unsigned)__builtin_clzl(last);
    return (top - 5) * 4 + ((last >> (top - 2)) & 3);
}

static inline u32 class_bytes(unsigned class)
{
    return class < 8 ? (class + 1) * BLOCK_ALIGN : (5 + class % 4) << (class / 4 + 3);
}

/* An empty span for blocks of this class, larger the more of them h has; NULL if memory is out. */
struct span *span_new(struct heap *h, unsigned class, unsigned have);
/* Nothing in it is in use. */
void span_free(struct span *s);

/* A large block at a multiple of align, a power of two; NULL if memory is out. */
void *span_large(size_t bytes, size_t align);
void span_free_large(struct span *s, const void *block);
/* Gives back the pages that it does not need for so many bytes. */
void span_shrink(struct span *s, const void *block, size_t bytes);

/* The span that p points into. Wild pointers end the program. */
struct span *span_of(const void *p);
/* The block of s, not a large one, that p points to: at its start, or into it where such pointers were given out. */
struct block *span_block(const struct span *s, const void *p);
/* So many bytes can be used from p on. */
size_t span_usable(const struct span *s, const void *p);

/* Whoever includes the core provides it: says what is wrong with p, and ends the program. */
_Noreturn void malloc_corrupt(const char *what, const void *p);
