/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h: guest memory whose pages keep moving, and the VM around the tree that maps it.
 *
 * Each page is in one of four frames of its own: in either of two runs that hold its whole block in order, or
 * in either of two places where nothing is contiguous. A frame knows whether it is its page's; that word is written by
 * plain stores when the page moves, so a guest that can still reach the old frame races with the owner.
 */
#pragma once
#include "machine.h"
#include "vm.h"

#define BLOCKS 3u
#define PAGES  (BLOCKS * BLOCK_PAGES)
#define GIANT  (1ull << 18) /* gfn of a block of 1 GiB that never moves */

struct frame {
    u32 used;    /* by its page; plain */
    u32 written; /* by the guest since it became the page's; by atomics */
};

extern struct vm stress_vm;
extern struct epoch stress_epoch;

void memory_init(const struct tdp_ops *ops, bool nx);

/* Where gfn is now, and the largest leaf that can map it there: good under inv_retry_range(). */
pfn_t memory_find(gfn_t gfn, unsigned *level);
/* The guest uses what it has found behind gfn. */
void memory_touch(gfn_t gfn, pfn_t pfn, bool write);

/* The owner, on one thread: move some pages, or a whole block, or unmap, or tear everything down. */
void memory_churn(u64 *seed);
/* How often each kind of that was done. */
enum { OWNER_MOVED, OWNER_GATHERED, OWNER_UNMAPPED, OWNER_TORN_DOWN, OWNER_LOG, OWNER_ACTS };
extern unsigned memory_done[OWNER_ACTS];
