/* SPDX-License-Identifier: BSD-2-Clause */
/* idle.h: how long a vCPU has had nothing to run: its owner keeps the account, anybody may read it. */
#pragma once
#include "lib/atomic.h"

/* ns as port_now(). An odd version: being written. */
struct idle {
    u32 version;
    u64 total; /* without the present time of rest */
    u64 since; /* when that began, 0: it runs */
};

/* Owner only: the rest that began at `since` (0: none) has this total before it. */
static inline void idle_set(struct idle *i, u64 total, u64 since)
{
    u32 version = at_load(&i->version);

    at_store(&i->version, version + 1);
    at_fence_wr(); /* P17: pairs with idle_read() */
    at_store(&i->total, total);
    at_store(&i->since, since);
    at_store_rel(&i->version, version + 2);
}

/* The total and the present rest as they were at one moment. */
static inline struct idle idle_read(const struct idle *i)
{
    struct idle seen;

    do {
        seen.version = at_load_acq(&i->version);
        seen.total = at_load(&i->total);
        seen.since = at_load(&i->since);
        at_fence_rd(); /* P17 */
    } while ((seen.version & 1) || seen.version != at_load(&i->version));
    return seen;
}
