/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager_age.h: for how long has each resident page not been used (SPEC C11)?
 *
 * A hand goes round guest memory. Where it passes, a generation of each page's life ends: a page that was used in it is
 * of age 0, any other one generation older than before, up to AGE_MAX. Pages of age AGE_OLD are taken. After AGE_OLD
 * rounds that found too few of them, each further one is content with pages a generation younger, in the end with any:
 * but with none that the hand has not passed since it came in, and none that a vCPU waits to use (vcpu_sit_out()).
 */
#pragma once
#include "lib/types.h"
#include "pager_batch.h"

#define AGE_MAX    3                 /* what fits into a page word */
#define AGE_OLD    2                 /* generations without use */
#define AGE_LEAN   (2 * AGE_OLD - 1) /* rounds with too few after which any page will do */
#define AGE_WINDOW 64                /* pages that one look at the tables tells about, mostly */
#define AGE_PAGES  256  /* that the hand meets in one call, and then to the end of their window */
#define AGE_REACH  8192 /* pages of guest memory, be they absent, that it passes in one call */

struct aging {
    u32 moving;     /* one CPU at a time moves the hand; the rest is its */
    u32 lean;       /* rounds in a row that found too few pages, up to AGE_LEAN */
    u32 met, taken; /* in this round: resident pages, and those of them that were old enough */
    gfn_t hand;     /* where it goes on */
};

/*
 * Move the hand until the batch is full, a round ends, or it has gone far enough for one call; cold pages are added to
 * b. False: nothing to be done now, because no page is resident. Only with `moving`.
 */
bool age_scan(struct vm *vm, struct batch *b) must_check;
/* After so many calls of age_scan() without another page coming in, a page was taken if there was one. */
u64 age_calls(const struct vm *vm);
