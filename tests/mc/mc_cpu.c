/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mc_cpu.c: what an operation does to memory and to the store buffer of its thread, and which steps are possible.
 *
 * Stores enter the buffer, loads look there first, locked operations and the full fence wait until it is empty, and an
 * entry reaches memory in a step of its own.
 */
#include "mc_impl.h"
#include <stdlib.h>
#include <string.h>

static bool relaxed_stores;

void mc_cpu_start(bool pso)
{
    relaxed_stores = pso;
    for (u32 i = 0; i < mc_ncpus; i++)
        mc_cpu_resume(&mc_cpus[i]);
}

static u64 truncated(u64 v, u32 size)
{
    return size == 8 ? v : v & (BIT(size * 8) - 1);
}

static u64 mem_read(const void *p, u32 size)
{
    u64 v = 0;

    memcpy(&v, p, size);
    return v;
}

static void mem_write(const struct mc_cpu *by, void *p, u64 v, u32 size)
{
    if (mem_read(p, size) == truncated(v, size))
        return;
    memcpy(p, &v, size);
    for (u32 i = 0; i < mc_ncpus; i++)
        if (&mc_cpus[i] != by)
            mc_cpus[i].news = true;
}

/* The newest own store that touches [p, p + size), or null. */
static const struct mc_store *own_store(const struct mc_cpu *c, const void *p, u32 size)
{
    for (u32 i = c->nbuf; i-- > 0;) {
        const struct mc_store *s = &c->buf[i];

        if ((const char *)p < (const char *)s->p + s->site->size &&
            (const char *)s->p < (const char *)p + size)
            return s;
    }
    return NULL;
}

static bool forwards(const struct mc_store *s, const void *p, u32 size)
{
    return s->p == p && s->site->size == size;
}

static u64 load(const struct mc_cpu *c, const void *p, u32 size)
{
    const struct mc_store *s = c ? own_store(c, p, size) : NULL;

    return s ? truncated(s->v, size) : mem_read(p, size);
}

/* Without a thread (setup and checks) a store is memory's at once. */
static void store(struct mc_cpu *c, struct mc_site *site, void *p, u64 v)
{
    if (!c) {
        mem_write(NULL, p, v, site->size);
        return;
    }
    c->buf[c->nbuf++] = (struct mc_store){
        .p = p, .v = v, .site = site, .ordered = !relaxed_stores || c->fenced || site->kind == MC_STORE_REL};
    c->fenced = false;
}

/* What a read-modify-write leaves behind; *result is what it returns. */
static u64 modified(const struct mc_pending *op, u64 old, u64 *result)
{
    u64 new = old;

    *result = old;
    switch ((enum mc_kind)op->site->kind) {
    case MC_XCHG:
        new = op->v;
        break;
    case MC_ADD:
        *result = new = truncated(old + op->v, op->site->size);
        break;
    case MC_SUB:
        *result = new = truncated(old - op->v, op->site->size);
        break;
    case MC_OR:
        new = old | op->v;
        break;
    case MC_AND:
        new = old & op->v;
        break;
    case MC_CAS:
        *result = old == mem_read(op->seen, op->site->size);
        if (*result)
            new = op->v;
        memcpy(op->seen, &old, op->site->size);
        break;
    case MC_LOAD:
    case MC_STORE:
    case MC_STORE_REL:
    case MC_FENCE:
    case MC_FENCE_RD:
    case MC_FENCE_WR:
    case MC_RELAX:
    case MC_CHOOSE:
        abort();
    }
    return new;
}

void mc_cpu_perform(struct mc_cpu *c, struct mc_pending *op)
{
    struct mc_site *site = op->site;
    u64 new;

    site->hits++;
    switch ((enum mc_kind)site->kind) {
    case MC_LOAD:
        op->result = site->act == MC_DROP ? 0 : load(c, op->p, site->size);
        break;
    case MC_STORE:
    case MC_STORE_REL:
        if (site->act != MC_DROP)
            store(c, site, op->p, op->v);
        break;
    case MC_FENCE:
    case MC_FENCE_RD:
    case MC_CHOOSE:
        break;
    case MC_FENCE_WR:
        if (c && site->act != MC_DROP)
            c->fenced = true;
        break;
    case MC_RELAX:
        if (c)
            c->news = false;
        break;
    case MC_XCHG:
    case MC_ADD:
    case MC_SUB:
    case MC_OR:
    case MC_AND:
    case MC_CAS:
        new = modified(op, load(c, op->p, site->size), &op->result);
        if (site->act == MC_AS_WRITTEN)
            mem_write(c, op->p, new, site->size);
        else if (site->act == MC_PLAIN)
            store(c, site, op->p, new);
        break;
    }
}

static bool is_rmw(enum mc_kind kind)
{
    return kind >= MC_XCHG && kind <= MC_CAS;
}

static bool may_step(const struct mc_cpu *c)
{
    const struct mc_site *site = c->next->site;
    const struct mc_store *own;

    if (site->kind == MC_FENCE)
        return !c->nbuf || site->act == MC_DROP;
    if (site->kind == MC_RELAX)
        return c->news;
    if (site->kind == MC_STORE || site->kind == MC_STORE_REL)
        return c->nbuf < MC_BUF;
    if (is_rmw(site->kind) && site->act == MC_AS_WRITTEN)
        return !c->nbuf;
    if (site->kind == MC_LOAD || is_rmw(site->kind)) {
        own = own_store(c, c->next->p, site->size);
        return (!own || forwards(own, c->next->p, site->size)) && (site->kind == MC_LOAD || c->nbuf < MC_BUF);
    }
    return true;
}

/* Steps that neither see nor change what other threads see; taking them at once loses no behaviour. */
static bool is_private(const struct mc_cpu *c)
{
    enum mc_kind kind = c->next->site->kind;

    return kind != MC_LOAD && !is_rmw(kind) && may_step(c);
}

static bool may_flush(const struct mc_cpu *c, u32 i)
{
    for (u32 j = 0; j < i; j++)
        if (c->buf[j + 1].ordered || c->buf[j].p == c->buf[i].p)
            return false;
    return true;
}

/* The steps possible now, those of cpu `first` in front; none: everything has ended, or a deadlock. */
u32 mc_cpu_steps(struct mc_step *out, int first)
{
    u32 n = 0;

    for (u32 i = 0; i < mc_ncpus; i++) {
        struct mc_cpu *c = &mc_cpus[i];

        if (c->next && is_private(c)) {
            u32 picks = c->next->site->kind == MC_CHOOSE ? MIN(c->next->v, MC_CHOICES) : 1;

            for (u32 k = 0; k < picks; k++)
                out[n++] = (struct mc_step){.cpu = i, .flush = -1, .pick = k};
            return n;
        }
    }
    for (u32 k = 0; k < mc_ncpus; k++) {
        u32 i = (k + first) % mc_ncpus;
        struct mc_cpu *c = &mc_cpus[i];

        if (c->next && may_step(c))
            out[n++] = (struct mc_step){.cpu = i, .flush = -1};
        for (u32 f = 0; f < c->nbuf; f++)
            if (may_flush(c, f))
                out[n++] = (struct mc_step){.cpu = i, .flush = f};
    }
    return n;
}

static struct mc_event flush(struct mc_cpu *c, u32 i)
{
    struct mc_store s = c->buf[i];

    c->nbuf--;
    memmove(&c->buf[i], &c->buf[i + 1], (c->nbuf - i) * sizeof(s));
    c->buf[c->nbuf] = (struct mc_store){0};
    mem_write(c, s.p, s.v, s.site->size);
    return (struct mc_event){.cpu = c->name, .site = s.site, .v = s.v, .flush = true};
}

struct mc_event mc_cpu_do(const struct mc_step *s)
{
    struct mc_cpu *c = &mc_cpus[s->cpu];
    struct mc_pending *op = c->next;
    struct mc_event e;

    if (s->flush >= 0)
        return flush(c, s->flush);
    mc_cpu_perform(c, op);
    if (op->site->kind == MC_CHOOSE)
        op->result = s->pick;
    e = (struct mc_event){.cpu = c->name, .site = op->site, .v = op->v, .result = op->result};
    mc_cpu_resume(c);
    return e;
}

bool mc_cpu_all_done(void)
{
    for (u32 i = 0; i < mc_ncpus; i++)
        if (mc_cpus[i].next || mc_cpus[i].nbuf)
            return false;
    return true;
}
