/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resident.h: which pages of a slot are resident, one bit each, so that who looks for them passes holes by the word.
 *
 * A hint for searches; the page word decides. A bit is set before its page becomes RESIDENT and cleared after it has
 * stopped being so, each by the one who owns the change: no resident page is without its bit for good.
 */
#pragma once
#include "slot.h"
#include "lib/atomic.h"

/* It lies behind the page states, in the same memory: so much for both. */
static inline size_t resident_bytes(u64 pages)
{
    return pages * sizeof(struct page) + (pages + 63) / 64 * sizeof(u64);
}

static inline u64 *resident_map(struct slot *s)
{
    return (u64 *)(s->page + s->pages);
}

static inline void resident_set(struct slot *s, gfn_t gfn)
{
    u64 i = gfn.v - s->base.v;

    (void)at_or(&resident_map(s)[i / 64], BIT(i % 64));
}

static inline void resident_clear(struct slot *s, gfn_t gfn)
{
    u64 i = gfn.v - s->base.v;

    (void)at_and(&resident_map(s)[i / 64], ~BIT(i % 64));
}

/* Move *gfn on to the first page of [*gfn, end), all of this slot, that is resident. False: none is, *gfn is `end`. */
bool resident_next(struct slot *s, gfn_t *gfn, gfn_t end);
/* The same for all slots: the one it was found in, or NULL. */
struct slot *resident_find(struct vm *vm, gfn_t *gfn, gfn_t end);
/* The usable slot that gfn is in, or else the next one above it; NULL: there is none. */
struct slot *slot_from(struct vm *vm, gfn_t gfn);
