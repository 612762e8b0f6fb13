/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_root.c: top tables come, are shared, become invalid and go (SPEC C1, C7).
 *
 * A root's place in the array is taken and given back under roots_lock. The VM has one reference from the beginning; it
 * is put by the one who has zapped the root after it became invalid, so that the invalidation protocol reaches the root
 * until then (C7-2).
 */
#include "tdp.h"
#include "tdp_fmt.h"
#include "flush.h"

void tdp_init(struct tdp *t, struct vm *vm, const struct tdp_ops *ops, struct epoch *e)
{
    *t = (struct tdp){.ops = ops, .vm = vm, .epoch = e};
}

static struct tdp_root *find(struct tdp *t, u32 role)
{
    for (struct tdp_root *r = t->root; r < t->root + TDP_ROOTS; r++)
        if (at_load(&r->refs) && !at_load(&r->invalid) && r->role == role)
            return r;
    return NULL;
}

static struct tdp_root *place(struct tdp *t)
{
    for (struct tdp_root *r = t->root; r < t->root + TDP_ROOTS; r++)
        if (!at_load(&r->refs))
            return r;
    check(false, "C1-5: there are no more roots than vCPUs and tear-downs can hold");
    return NULL;
}

struct tdp_root *tdp_root_get(struct tdp *t, u32 role)
{
    struct tdp_root *r;
    hpa_t page;

    if (!port_frame_alloc(&page))
        return NULL;
    for (unsigned i = 0; i < TDP_ENTRIES; i++)
        at_store(&((u64 *)port_map(page))[i], t->ops->none);
    read_lock(&t->lock); /* nothing becomes invalid meanwhile */
    spin_lock(&t->roots_lock);
    r = find(t, role);
    if (r) {
        at_add(&r->refs, 1);
    } else {
        r = place(t);
        at_store(&r->table.v, page.v);
        r->role = role;
        at_store(&r->invalid, false);
        at_add(&t->tables, 1);
        at_store_rel(&r->refs, 2); /* the VM's and the caller's; from here on walkers see it */
        page.v = 0;
    }
    spin_unlock(&t->roots_lock);
    read_unlock(&t->lock);
    if (page.v)
        port_frame_free(page); /* H-C-20: somebody else made it */
    return r;
}

void tdp_root_put(struct tdp *t, struct tdp_root *r)
{
    hpa_t page = r->table;
    bool last;

    read_lock(&t->lock); /* who holds it for write has all roots for as long */
    spin_lock(&t->roots_lock);
    check(at_load(&r->refs) > 1 || at_load(&r->invalid), "C1-6: the last reference is to an invalid root");
    last = !at_sub(&r->refs, 1);
    if (last)
        at_sub(&t->tables, 1);
    spin_unlock(&t->roots_lock);
    read_unlock(&t->lock);
    if (last)
        epoch_retire(t->epoch, page);
}

_Static_assert(TDP_ROOTS <= 32, "a word holds a set of roots");

/*
 * C7-1 (1). In the section in which the flag is set every vCPU is told to let go, and leaves guest mode. The set of
 * roots that were valid: to be zapped by the caller and by nobody else (C7-5).
 */
static u32 invalidate_all(struct tdp *t)
{
    u32 mine = 0;

    write_lock(&t->lock);
    for (struct tdp_root *r = t->root; r < t->root + TDP_ROOTS; r++) {
        if (!at_load(&r->refs) || at_load(&r->invalid))
            continue;
        at_store(&r->scheduled, true);
        at_store(&r->invalid, true);
        mine |= 1u << (r - t->root);
    }
    nx_clear(&t->nx); /* all of it is invalid, and goes with its root */
    flush_roots(t->vm);
    write_unlock(&t->lock);
    return mine;
}

/* One level of an invalid root: slices under the lock for read, so that faults and brackets go on in between. */
static void zap_level(struct tdp *t, struct tdp_root *r, unsigned level)
{
    gfn_t end = {tdp_gfn_limit(t)};
    struct tdp_gather g = {0};

    for (gfn_t at = {0}; at.v < end.v;) {
        read_lock(&t->lock);
        at = t->ops->zap(t, r, level, at, end, NULL, &g);
        tdp_commit(t, &g);
        read_unlock(&t->lock);
    }
}

void tdp_zap_all(struct tdp *t)
{
    u32 mine = invalidate_all(t);

    for (struct tdp_root *r = t->root; r < t->root + TDP_ROOTS; r++) {
        if (!(mine & 1u << (r - t->root)))
            continue;
        for (unsigned level = 0; level < t->ops->levels; level++) /* C6-8: small tables first */
            zap_level(t, r, level);
        at_store_rel(&r->scheduled, false);
        tdp_root_put(t, r);
    }
    for (struct tdp_root *r = t->root; r < t->root + TDP_ROOTS; r++)
        while (at_load_acq(&r->scheduled))
            at_relax(); /* H-C-18: another one's, who waits for nobody until it is done */
}

void tdp_destroy(struct tdp *t)
{
    tdp_zap_all(t);
    while (epoch_collect(t->epoch))
        ;
    check(!at_load(&t->tables), "C5-7: a tree that was torn down has no tables");
}
