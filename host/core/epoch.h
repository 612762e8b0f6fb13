/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoch.h: free a table page only when no CPU can still be reading it without a lock (SPEC C5-3).
 *
 * Readers bracket lock-free walks with epoch_enter()/epoch_exit(): short, never nested, never waiting for anything.
 * epoch_retire() takes a page that is already unlinked and flushed from every TLB and paging-structure cache (C5-1 b);
 * the page goes back to the machine once every CPU is idle or entered after the retirement.
 */
#pragma once
#include "lib/atomic.h"
#include "lib/lock.h"
#include "port.h"

#define EPOCH_IDLE    0u
#define EPOCH_PENDING 256 /* retired and not yet free; more make the retirer wait for the readers */

struct epoch {
    u64 now; /* starts at 1 */
    struct {
        u64 active; /* EPOCH_IDLE, or the epoch in which the present read section began */
    } __attribute__((aligned(CACHE_LINE))) cpu[CPU_MAX];
    struct spinlock lock; /* guards what follows */
    unsigned head, count; /* ring, oldest first */
    struct {
        hpa_t page;
        u64 tag;
    } pending[EPOCH_PENDING];
};

void epoch_init(struct epoch *e);

static inline void epoch_enter(struct epoch *e, unsigned cpu)
{
    at_store(&e->cpu[cpu].active, at_load(&e->now));
    at_fence(); /* P5: pairs with epoch_tag() */
}

static inline void epoch_exit(struct epoch *e, unsigned cpu)
{
    at_store_rel(&e->cpu[cpu].active, EPOCH_IDLE);
}

/* The tag of something that has just been unlinked. */
static inline u64 epoch_tag(struct epoch *e)
{
    at_fence(); /* P5: unlink before tag; pairs with epoch_enter() */
    return at_add(&e->now, 1) - 1;
}

/* Every CPU is idle or entered after `tag`. */
static inline bool epoch_passed(const struct epoch *e, u64 tag, unsigned cpus)
{
    for (unsigned i = 0; i < cpus; i++) {
        u64 active = at_load_acq(&e->cpu[i].active);

        if (active != EPOCH_IDLE && active <= tag)
            return false;
    }
    return true;
}

/* Not inside a read section. */
void epoch_retire(struct epoch *e, hpa_t page);
/* Free what can be freed; returns how many pages. Background work, any CPU. */
unsigned epoch_collect(struct epoch *e);
