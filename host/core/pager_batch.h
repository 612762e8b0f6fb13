/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager_batch.h: pages that one CPU takes out of their frames together, at the price of one flush.
 *
 * batch_begin(); batch_take() each; if there are any, batch_unmap(): from then on nobody else reaches the frames.
 * batch_end() once no gfn of the batch means its old frame any more. Until then faults in the hull are sent back.
 */
#pragma once
#include "slot.h"
#include "inv.h"

struct vm;

#define BATCH_MAX 16

struct batch {
    struct inv_bracket bracket;
    unsigned count;
    struct {
        struct slot *slot;
        gfn_t gfn;
    } page[BATCH_MAX];
};

static inline bool batch_full(const struct batch *b)
{
    return b->count == BATCH_MAX;
}

/* An empty batch, of whom messages are to name. No locks held, and no slot looked up yet that it is about. */
void batch_begin(struct vm *vm, struct batch *b, const char *who);
/* The page, RESIDENT when `word` was read, becomes EVICTING and the caller's. False: somebody else changed it first. */
bool page_take(struct slot *s, gfn_t gfn, u64 word) must_check;
/* The same for a page of the batch. */
bool batch_take(struct batch *b, struct slot *s, gfn_t gfn, u64 word);
/* Open a bracket over the pages, of which there are some, and unmap and flush them. No locks held. */
void batch_unmap(struct vm *vm, struct batch *b);
void batch_end(struct vm *vm, struct batch *b);
