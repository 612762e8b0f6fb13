/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * framepool.h: the fixed set of frames that one VM may have resident, who uses each, and the clock hand over them.
 *
 * Frames are named by their index in the pool. A free list by compare-exchange with a tag against ABA.
 */
#pragma once
#include "lib/types.h"
#include "port.h"

#define FRAME_NONE (~0u)

struct pool_frame {
    pfn_t pfn;
    u64 owner; /* gfn + 1; 0 = free, or being filled */
    u32 next;
};

struct framepool {
    struct pool_frame *frame;
    u32 count;
    u32 free; /* how many */
    u64 head; /* free list: tag << 32 | index */
    u32 hand; /* clock */
};

bool framepool_init(struct framepool *p, u64 count) must_check;
void framepool_destroy(struct framepool *p);
u32 framepool_get(struct framepool *p); /* FRAME_NONE if there is none */
void framepool_put(struct framepool *p, u32 index);
