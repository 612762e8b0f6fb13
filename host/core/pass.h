/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass.h: know that no CPU holds what it looked up before (SPEC B5-1, C5-4; the quiescent states of architecture D3).
 *
 * A pass is a CPU's host code between two stays in guest mode or sleep. What it looks up it uses within the pass, so a
 * writer that has unpublished something waits until every pass that was under way has ended. Passes neither sleep nor
 * wait for such a writer. Entering costs one locked instruction, leaving a store.
 */
#pragma once
#include "lib/atomic.h"
#include "port.h"

struct passes {
    struct {
        u64 count; /* odd: in a pass */
    } __attribute__((aligned(CACHE_LINE))) cpu[CPU_MAX];
};

/* By the CPU whose count it is. */
static inline void pass_enter(u64 *count)
{
    (void)at_add(count, 1); /* P10: a full barrier; pairs with pass_wait() */
}

static inline void pass_leave(u64 *count)
{
    at_store_rel(count, at_load(count) + 1);
}

static inline bool pass_inside(const u64 *count)
{
    return at_load(count) & 1;
}

/* Return once every pass of other CPUs that is under way has ended. The caller keeps nothing from its own. */
void pass_wait(const struct passes *p);
