/* SPDX-License-Identifier: BSD-2-Clause */
/* heap.c: malloc and free: a block that comes and goes, and many that come before the first one goes. */
#include "measure.h"
#include <stdlib.h>

#define BYTES 64
#define MANY  1000

static s32 sample[SAMPLES_MAX];

void bench_heap(void)
{
    static void *volatile block[MANY];
    u32 start;

    MEASURE("malloc_free", sample, SAMPLES_MAX, (void)0, (block[0] = malloc(BYTES), free(block[0])));
    start = ticks();
    for (unsigned i = 0; i < MANY; i++)
        block[i] = malloc(BYTES);
    for (unsigned i = 0; i < MANY; i++)
        free(block[i]);
    figure("malloc_free_many", (double)(u32)(ticks() - start) / MANY);
}
