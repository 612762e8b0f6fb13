/* SPDX-License-Identifier: BSD-2-Clause */
/* image.h: a copy of a guest's memory, in memory: tables by gfn, a frame for each page that has bytes of its own. */
#pragma once
#include "precopy.h"

/* Empty if all zero. Whoever puts has it to himself. */
struct memory_image {
    struct precopy_sink sink; /* image_sink() */
    u64 root;                 /* the top table's address, 0: none */
};

/* The image as a sink; each copy begins by emptying it. */
struct precopy_sink *image_sink(struct memory_image *i);
/* What was put last for gfn, and its bytes, NULL but for PRECOPY_BYTES. */
enum precopy_kind image_get(const struct memory_image *i, gfn_t gfn, const void **bytes);
void image_free(struct memory_image *i);
