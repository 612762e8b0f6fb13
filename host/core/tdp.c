/* SPDX-License-Identifier: BSD-2-Clause */
/* tdp.c: operations on all the roots of a VM, and what they leave to do. */
#include "tdp.h"
#include "tdp_fmt.h"
#include "exit.h"
#include "flush.h"

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

void tdp_commit(struct tdp *t, struct tdp_gather *g)
{
    check(read_held(&t->lock), "C6-2: what is owed is settled before the lock is dropped");
    if (g->flush)
        flush_all(t->vm);
    g->flush = false;
    while (g->tables)
        epoch_retire(t->epoch, g->table[--g->tables]);
}

enum tdp_result tdp_map(struct tdp *t, struct tdp_root *r, const struct tdp_map *m, struct tdp_cache *c)
{
    return t->ops->map(t, r, m, c);
}

enum tdp_result tdp_fix(struct tdp *t, struct tdp_root *r, gfn_t gfn, u32 access)
{
    /*
     * Where no hardware notes writes, the grant itself is what makes the page dirty: no evictor may come between it and
     * the owner's being told, while other vCPUs write through the leaf already.
     */
    bool told = (access & ACCESS_WRITE) && !t->ops->dirty;
    enum tdp_result result;

    if (told)
        read_lock(&t->lock);
    result = t->ops->fix(t, r, gfn, access);
    if (told)
        read_unlock(&t->lock);
    return result;
}

/* A root that may be walked with the mapping lock held, or in an epoch section: NULL at the end. */
static struct tdp_root *next_root(struct tdp *t, struct tdp_root *after, bool invalid_too)
{
    for (struct tdp_root *r = after ? after + 1 : t->root; r < t->root + TDP_ROOTS; r++)
        if (at_load_acq(&r->refs) && (invalid_too || !at_load(&r->invalid)))
            return r;
    return NULL;
}

#define for_each_root(r, t, invalid_too) \
    for (struct tdp_root *r = next_root((t), NULL, (invalid_too)); r; r = next_root((t), r, (invalid_too)))

void tdp_zap(struct tdp *t, gfn_t start, gfn_t end, struct tdp_cache *c, struct tdp_gather *g)
{
    check(write_held(&t->lock), "C3-1: zapping holds the mapping lock for write");
    for_each_root (r, t, true) {
        for (unsigned level = 0; level < t->ops->levels; level++) {
            for (gfn_t at = start; at.v < end.v && at.v < tdp_gfn_limit(t);) {
                at = t->ops->zap(t, r, level, at, end, c, g);
                if (g->tables == TDP_GATHER_TABLES)
                    tdp_commit(t, g);
            }
            if (end.v - start.v < TDP_ENTRIES)
                break; /* no table lies in so small a range */
        }
    }
}

/* One level of one root, in slices; the lock is free between two of them. */
static void zap_level_slowly(struct tdp *t, struct tdp_root *r, unsigned level, gfn_t start, gfn_t end)
{
    struct tdp_gather g = {0};

    for (gfn_t at = start; at.v < end.v;) {
        write_lock(&t->lock);
        if (at_load(&r->refs))
            at = t->ops->zap(t, r, level, at, end, NULL, &g);
        else
            at = end;
        tdp_commit(t, &g);
        write_unlock(&t->lock);
    }
}

void tdp_zap_slowly(struct tdp *t, gfn_t start, gfn_t end)
{
    end.v = MIN(end.v, tdp_gfn_limit(t));
    for (struct tdp_root *r = t->root; r < t->root + TDP_ROOTS; r++)
        for (unsigned level = 0; level < t->ops->levels; level++)
            zap_level_slowly(t, r, level, start, end);
}

unsigned tdp_recover(struct tdp *t, unsigned max)
{
    struct tdp_gather g = {0};
    struct nx_table n;
    unsigned done = 0;

    read_lock(&t->lock);
    epoch_enter(t->epoch, port_cpu());
    max = at_load(&t->log) == TDP_LOG_OFF ? MIN(max, TDP_GATHER_TABLES) : 0;
    for (; done < max && nx_take(&t->nx, &n); done++)
        t->ops->recover(t, &n, &g);
    at_add(&t->nx.recovered, (u64)g.tables);
    if (g.flush) /* C5-2, C10-5: before the section ends, and so before anything is retired or unlocked */
        flush_all(t->vm);
    g.flush = false;
    epoch_exit(t->epoch, port_cpu());
    tdp_commit(t, &g);
    read_unlock(&t->lock);
    return done;
}

bool tdp_split(struct tdp *t, gfn_t start, gfn_t end, unsigned to, struct tdp_cache *c)
{
    bool enough = true;

    for_each_root (r, t, false)
        enough = enough && t->ops->split(t, r, start, end, to, c);
    return enough;
}

unsigned tdp_collapse(struct tdp *t, gfn_t gfn, unsigned level, pfn_t base, struct tdp_gather *g)
{
    unsigned done = 0;

    if (at_load(&t->log) != TDP_LOG_OFF)
        return 0; /* C8-3 */
    for_each_root (r, t, false)
        done += t->ops->collapse(t, r, gfn, level, base, g);
    return done;
}

void tdp_write_protect(struct tdp *t, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    for_each_root (r, t, false)
        t->ops->write_protect(t, r, start, end, g);
}

void tdp_harvest(struct tdp *t, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    for_each_root (r, t, false)
        t->ops->harvest(t, r, start, end, g);
}

u64 tdp_gfn_limit(const struct tdp *t)
{
    return 1ull << (t->ops->levels * TDP_INDEX_BITS);
}

bool tdp_has_dirty(const struct tdp *t)
{
    return t->ops->dirty;
}

void tdp_age(struct tdp *t, gfn_t start, gfn_t end, u64 *young, bool clear)
{
    for_each_root (r, t, false)
        t->ops->age(t, r, start, end, young, clear);
}

enum tdp_result tdp_lookup(struct tdp *t, struct tdp_root *r, gfn_t gfn, struct tdp_leaf *out)
{
    return t->ops->lookup(t, r, gfn, out);
}

const char *tdp_check(struct tdp *t, struct tdp_count *out)
{
    const char *broken = NULL;
    u64 listed = at_load(&t->nx.listed), valid = 0;

    check(write_held(&t->lock), "the tree stands still while it is checked");
    *out = (struct tdp_count){0};
    for_each_root (r, t, true) {
        u64 before = out->nx_split;
        const char *here = t->ops->inspect(t, r, out);

        out->tables++;
        valid += at_load(&r->invalid) ? 0 : out->nx_split - before;
        broken = broken ? broken : here;
    }
    if (!broken && out->tables != at_load(&t->tables))
        broken = "C1: every table that was linked is in a tree";
    /* tdp_recover() takes tables of invalid roots off the list and leaves them to whoever zaps the root. */
    if (!broken && (listed < valid || listed > out->nx_split))
        broken = "C10-7: what is listed is what is split";
    return broken;
}
