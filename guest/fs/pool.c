/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.c: pieces of a few sizes, cut from whole pages; one that is given back waits for the next of its size. */
#include "pool.h"
#include "lib/str.h"
#include "mem.h"
#include "panic.h"

#define STEP 64u

static struct {
    void *waiting[POOL_MAX / STEP + 1]; /* by size in steps; each begins with the next one's address */
    u8 *fresh, *fresh_end;
} pool;

static size_t steps_of(size_t bytes)
{
    size_t steps = (bytes + STEP - 1) / STEP;

    check(steps && steps < ARRAY_SIZE(pool.waiting));
    return steps;
}

static void wait_for_next(void *piece, size_t steps)
{
    *(void **)piece = pool.waiting[steps];
    pool.waiting[steps] = piece;
}

static void *cut(size_t steps)
{
    void *piece;

    if (pool.fresh_end - pool.fresh < (s64)(steps * STEP)) {
        u8 *page = mem_pages(1);

        if (!page)
            return NULL;
        if (pool.fresh != pool.fresh_end)
            wait_for_next(pool.fresh, (size_t)(pool.fresh_end - pool.fresh) / STEP);
        pool.fresh = page;
        pool.fresh_end = page + PAGE_SIZE;
    }
    piece = pool.fresh;
    pool.fresh += steps * STEP;
    return piece;
}

void *pool_get(size_t bytes)
{
    size_t steps = steps_of(bytes);
    void *piece = pool.waiting[steps];

    if (piece)
        pool.waiting[steps] = *(void **)piece;
    else
        piece = cut(steps);
    return piece ? memset(piece, 0, steps * STEP) : NULL;
}

void pool_put(void *piece, size_t bytes)
{
    wait_for_next(piece, steps_of(bytes));
}
