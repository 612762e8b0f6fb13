/* SPDX-License-Identifier: BSD-2-Clause */
/* mc_pool.h: what the frame pool of a model asks of its machine: FRAMES loose frames without contents, two arrays. */
#pragma once
#include "framepool.h"
#include "mc.h"

static pfn_t pool_frame[FRAMES];
static struct pool_block pool_block;

void *port_zalloc(size_t bytes)
{
    if (bytes == sizeof(pool_frame))
        return pool_frame;
    pool_block = (struct pool_block){0};
    return &pool_block;
}

void port_zfree(void *p, size_t bytes)
{
    (void)p;
    (void)bytes;
}

bool port_frame_alloc(hpa_t *out)
{
    *out = (hpa_t){PAGE_SIZE};
    return true;
}

void port_frame_free(hpa_t frame)
{
    (void)frame;
}

bool port_block_alloc(hpa_t *out)
{
    (void)out;
    return false;
}

void port_block_free(hpa_t block)
{
    (void)block;
}

/* As in a model's setup: all frames are free. */
static inline void pool_setup(struct framepool *p)
{
    mc_check(framepool_init(p, FRAMES), "the pool is made");
}
