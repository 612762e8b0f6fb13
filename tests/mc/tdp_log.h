/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_log.h: a guest that writes, and somebody who takes the set of dirty pages and believes it (SPEC C8-8).
 *
 * What the guest has written since must, in the end, be told or be dirty in its leaf.
 */
#pragma once
#include "tdp_rig.h"

/* Two writes, each by a fault if it has to be. */
static void guest_thread(void *unused)
{
    (void)unused;
    for (u32 i = 0; i < 2; i++)
        if (!hw_access(0, true) && tdp_fix(&tdp, &tdp.root[0], (gfn_t){0}, ACCESS_WRITE) == TDP_OK)
            (void)hw_access(0, true);
}

static inline void check_written(void)
{
    for (u32 g = 0; g < 2; g++)
        mc_check(!written[g] || told[g] || rig_dirty(g), "a write is lost");
}

/* The consumer copies the pages that were told. One step: the guest is not in between. */
static inline void take_dirty(void)
{
    for (u32 g = 0; g < 2; g++)
        if (told[g]) {
            told[g] = 0;
            written[g] = false;
        }
}

static inline void final_sound(void)
{
    const char *broken;

    check_written();
    write_lock(&tdp.lock);
    broken = tdp_check(&tdp, &(struct tdp_count){0});
    write_unlock(&tdp.lock);
    mc_check(!broken, broken);
}

static inline void protect_round(void (*commit)(struct tdp *, struct tdp_gather *))
{
    struct tdp_gather g = {0};

    read_lock(&tdp.lock);
    tdp_write_protect(&tdp, (gfn_t){0}, (gfn_t){2}, &g);
    commit(&tdp, &g);
    take_dirty();
    read_unlock(&tdp.lock);
}

static inline void harvest_round(void (*commit)(struct tdp *, struct tdp_gather *))
{
    struct tdp_gather g = {0};

    read_lock(&tdp.lock);
    tdp_harvest(&tdp, (gfn_t){0}, (gfn_t){2}, &g);
    commit(&tdp, &g);
    take_dirty();
    read_unlock(&tdp.lock);
}

/* Mutant: no flush before the data is taken. */
static inline void no_flush(struct tdp *t, struct tdp_gather *g)
{
    g->flush = false;
    tdp_commit(t, g);
}
