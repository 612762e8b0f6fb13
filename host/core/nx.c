/* SPDX-License-Identifier: BSD-2-Clause */
/* nx.c: the list of tables that stand back for instruction fetches, oldest first. */
#include "nx.h"
#include "port.h"

static struct nx_table *place(struct nx *n, u32 i)
{
    return &n->table[(n->head + i) % NX_LISTED_MAX];
}

bool nx_reserve(struct nx *n)
{
    bool fits;

    if (!at_load(&n->on))
        return false; /* switched off since the fault asked */
    spin_lock(&n->lock);
    fits = n->listed + n->reserved < NX_LISTED_MAX;
    n->reserved += fits;
    spin_unlock(&n->lock);
    if (!fits)
        at_add(&n->unlisted, 1);
    return fits;
}

void nx_list(struct nx *n, struct tdp_root *root, gfn_t gfn)
{
    spin_lock(&n->lock);
    check(n->reserved, "C10: a table is listed in a place that was reserved");
    n->reserved--;
    *place(n, n->listed) = (struct nx_table){.root = root, .gfn = gfn};
    at_add(&n->listed, 1);
    spin_unlock(&n->lock);
    at_add(&n->splits, 1);
}

void nx_cancel(struct nx *n)
{
    spin_lock(&n->lock);
    n->reserved--;
    spin_unlock(&n->lock);
}

void nx_unlist(struct nx *n, struct tdp_root *root, gfn_t gfn)
{
    u32 i = 0;

    spin_lock(&n->lock);
    while (i < n->listed && (place(n, i)->root != root || place(n, i)->gfn.v != gfn.v))
        i++;
    if (i < n->listed) {
        for (; i + 1 < n->listed; i++)
            *place(n, i) = *place(n, i + 1);
        at_sub(&n->listed, 1);
    }
    spin_unlock(&n->lock);
}

bool nx_take(struct nx *n, struct nx_table *out)
{
    bool any;

    spin_lock(&n->lock);
    any = n->listed;
    if (any) {
        *out = *place(n, 0);
        n->head = (n->head + 1) % NX_LISTED_MAX;
        at_sub(&n->listed, 1);
    }
    spin_unlock(&n->lock);
    return any;
}

void nx_clear(struct nx *n)
{
    spin_lock(&n->lock);
    check(!n->reserved, "C10: nothing is being linked while the mapping lock is held for write");
    at_store(&n->listed, 0);
    spin_unlock(&n->lock);
}
