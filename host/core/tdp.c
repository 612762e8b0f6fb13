/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp.c: what all entry formats share: roots, the cache of table pages, the end of a zap. */
#include "tdp.h"
#include "tdp_fmt.h"

bool tdp_init(struct tdp *t, const struct tdp_ops *ops, struct epoch *e)
{
    u64 *root;

    *t = (struct tdp){.ops = ops, .epoch = e};
    if (!port_frame_alloc(&t->root))
        return false;
    root = port_map(t->root);
    for (unsigned i = 0; i < TDP_ENTRIES; i++)
        root[i] = ops->none;
    return true;
}

bool tdp_cache_fill(struct tdp_cache *c)
{
    while (c->count < TDP_CACHE) {
        if (!port_frame_alloc(&c->page[c->count]))
            return false;
        c->count++;
    }
    return true;
}

void tdp_cache_drain(struct tdp_cache *c)
{
    while (c->count)
        port_frame_free(c->page[--c->count]);
}

void tdp_zap_finish(struct tdp *t, struct tdp_zap *z)
{
    for (unsigned i = 0; i < z->tables; i++)
        epoch_retire(t->epoch, z->table[i]);
    z->tables = 0;
    z->flush = false;
}
