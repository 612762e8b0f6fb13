/* SPDX-License-Identifier: BSD-2-Clause */
/* dirty.c: bitmaps of what was written: begin to keep them, set, take, give up. */
#include "dirty.h"
#include "flush.h"
#include "hw.h"
#include "pass.h"
#include "vm.h"
#include "port.h"

/* Bits at … end - 1 of the word that `at` lies in. */
static u64 mask_of(u64 at, u64 end)
{
    u64 last = MIN(end - 1, at | 63);

    return (~0ull << (at % 64)) & (~0ull >> (63 - last % 64));
}

void dirty_mark(struct vm *vm, struct slot *s, gfn_t start, u64 pages)
{
    u64 at = start.v - s->base.v, end = at + pages;

    if (at_load_acq(&vm->tdp.log) == TDP_LOG_OFF || !s->log || at_load(&vm->log_quiet) == port_cpu() + 1)
        return;
    for (; at < end; at = (at | 63) + 1)
        at_or(&s->log[at / 64], mask_of(at, end));
}

void dirty_logged(struct vcpu *v, const u64 *gpa, unsigned n)
{
    pass_enter(v->pass);
    for (unsigned i = 0; i < n; i++) {
        gfn_t gfn = gpa_gfn((gpa_t){gpa[i]});
        struct slot *s = slot_find_any(v->vm, gfn);

        if (s)
            dirty_mark(v->vm, s, gfn, 1);
    }
    pass_leave(v->pass);
}

enum tdp_log dirty_best(const struct tdp *t)
{
    return !tdp_has_dirty(t) ? TDP_LOG_WRITE_PROTECT : hw_has_log() ? TDP_LOG_HARDWARE : TDP_LOG_DIRTY_BIT;
}

/*
 * What this CPU's walk finds meanwhile is not news to the log: it was written before the log began, or is about to be
 * handed out. The pager is told of it all the same.
 */
static void quiet_begin(struct vm *vm)
{
    u32 nobody = 0;
    bool alone = at_cas(&vm->log_quiet, &nobody, port_cpu() + 1);

    check(alone, "C8: one consumer has the dirty log");
}

static void quiet_end(struct vm *vm)
{
    at_store_rel(&vm->log_quiet, 0);
}

/* A bitmap stays with its slot until that is freed: a fault that was about to mark it may still be at it. */
static bool make_bitmaps(struct vm *vm)
{
    struct slot *s;

    for (unsigned i = 0; (s = vm_slot(vm, i)); i++) {
        if (!s->log)
            s->log = port_zalloc(DIRTY_LOG_BYTES(s->pages));
        if (!s->log)
            return false;
    }
    return true;
}

/* From here no leaf of the range is written unnoticed, once TLBs are flushed. */
static void cover(struct vm *vm, gfn_t start, gfn_t end, struct tdp_gather *g)
{
    if (at_load(&vm->tdp.log) == TDP_LOG_WRITE_PROTECT)
        tdp_write_protect(&vm->tdp, start, end, g);
    else
        tdp_harvest(&vm->tdp, start, end, g);
}

static void cover_all(struct vm *vm, struct tdp_gather *g)
{
    struct slot *s;

    for (unsigned i = 0; (s = vm_slot(vm, i)); i++)
        cover(vm, s->base, (gfn_t){s->base.v + s->pages}, g);
}

/*
 * In a bracket: a fault that looked up before, when a leaf could be huge or writable for nothing, does not install
 * after. The lock is held for write, so nobody else changes leaves but tdp_fix().
 */
static void turn_on(struct vm *vm, enum tdp_log mode)
{
    struct tdp_gather g = {.flush = true}; /* C8-2: once, whatever is found */
    struct inv_bracket b = {.who = "dirty log"};
    struct slot *s;

    bracket_enter(vm, &b);
    write_lock(&vm->tdp.lock);
    bracket_start(vm, &b);
    for (unsigned i = 0; (s = vm_slot(vm, i)); i++) {
        bracket_add(vm, &b, s->base, (gfn_t){s->base.v + s->pages});
        for (u64 w = 0; s->log && w * 64 < s->pages; w++) /* none: it came just now */
            at_store(&s->log[w], 0);
    }
    at_store_rel(&vm->tdp.log, mode);
    quiet_begin(vm); /* P12: a full barrier: the log is on before a leaf is read; pairs with tdp_improve() */
    cover_all(vm, &g);
    quiet_end(vm);
    tdp_commit(&vm->tdp, &g);
    write_unlock(&vm->tdp.lock);
    bracket_end(vm, &b);
}

/* One dirty bit for many pages would say too much (C8-3). What memory does not suffice for stays huge: false. */
static bool split_huge_leaves(struct vm *vm, struct slot *s)
{
    struct tdp_cache cache = {0};
    gfn_t at = s->base, end = {s->base.v + s->pages};

    while (at.v < end.v && tdp_cache_fill(&cache)) {
        gfn_t next = {MIN(end.v, ROUND_DOWN(at.v, DIRTY_SPLIT) + DIRTY_SPLIT)};

        read_lock(&vm->tdp.lock);
        if (tdp_split(&vm->tdp, at, next, 0, &cache))
            at = next;
        read_unlock(&vm->tdp.lock);
    }
    tdp_cache_drain(&cache);
    return at.v == end.v;
}

/*
 * Until here dirty bits have told of writes. Once hardware makes its lists, what they have told so far is marked and
 * they are cleared, so that the next write to each page is on a list.
 */
static void hand_over(struct vm *vm)
{
    struct tdp_gather g = {0};

    write_lock(&vm->tdp.lock);
    at_store_rel(&vm->tdp.log, TDP_LOG_HARDWARE);
    flush_logs(vm);
    cover_all(vm, &g);
    tdp_commit(&vm->tdp, &g);
    write_unlock(&vm->tdp.lock);
}

enum dirty_result dirty_start(struct vm *vm, enum tdp_log mode)
{
    bool small = true;
    struct slot *s;

    check(mode != TDP_LOG_OFF, "a log that is started is kept");
    if (at_load(&vm->tdp.log) != TDP_LOG_OFF)
        return DIRTY_ALREADY_ON;
    if ((mode != TDP_LOG_WRITE_PROTECT && !tdp_has_dirty(&vm->tdp)) ||
        (mode == TDP_LOG_HARDWARE && !hw_has_log()))
        return DIRTY_NO_HARDWARE;
    if (!make_bitmaps(vm))
        return DIRTY_NO_MEMORY;
    turn_on(vm, mode == TDP_LOG_WRITE_PROTECT ? mode : TDP_LOG_DIRTY_BIT);
    for (unsigned i = 0; mode != TDP_LOG_WRITE_PROTECT && (s = vm_slot(vm, i)); i++)
        small &= split_huge_leaves(vm, s);
    if (mode == TDP_LOG_HARDWARE && small)
        hand_over(vm);
    return DIRTY_OK;
}

/* Take write permission, or the dirty bit, from the pages whose bits were taken, and from no others (C8-4). */
static void cover_again(struct vm *vm, gfn_t first, u64 bits, struct tdp_gather *g)
{
    while (bits) {
        unsigned from = (unsigned)__builtin_ctzll(bits);
        u64 gap = ~(bits >> from);
        unsigned run = gap ? (unsigned)__builtin_ctzll(gap) : 64;
        gfn_t start = {first.v + from};

        cover(vm, start, (gfn_t){start.v + run}, g);
        bits &= ~mask_of(from, from + run);
    }
}

/* Lock held for read. */
static void take(struct vm *vm, struct slot *s, u64 first, u64 n, u64 *bits)
{
    gfn_t start = {s->base.v + first};
    enum tdp_log mode = at_load(&vm->tdp.log);
    struct tdp_gather g = {0};
    u64 any = 0;

    if (mode == TDP_LOG_DIRTY_BIT)
        cover(vm, start, (gfn_t){start.v + n}, &g); /* sets bits; so first */
    for (u64 w = 0; w * 64 < n; w++) {
        bits[w] = at_xchg(&s->log[first / 64 + w], 0); /* P13: before the leaf; pairs with tdp_improve() */
        any |= bits[w];
    }
    if (mode != TDP_LOG_DIRTY_BIT) {
        quiet_begin(vm);
        for (u64 w = 0; w * 64 < n; w++)
            cover_again(vm, (gfn_t){start.v + w * 64}, bits[w], &g);
        quiet_end(vm);
    }
    g.flush = any; /* H-C-23: somebody else may have cleared the leaf and not have flushed yet */
    tdp_commit(&vm->tdp, &g);
}

enum dirty_result dirty_collect(struct vm *vm, struct slot *s, u64 first, u64 n, u64 *bits)
{
    enum dirty_result r = DIRTY_OFF;

    check(first % 64 == 0 && n && n <= DIRTY_BATCH, "the log is taken word by word");
    check(n <= s->pages && first <= s->pages - n && (n % 64 == 0 || first + n == s->pages),
          "the log is taken within a slot");
    read_lock(&vm->tdp.lock);
    if (at_load(&vm->tdp.log) != TDP_LOG_OFF && s->log) {
        take(vm, s, first, n, bits);
        r = DIRTY_OK;
    }
    read_unlock(&vm->tdp.lock);
    return r;
}

enum dirty_result dirty_stop(struct vm *vm)
{
    enum tdp_log mode;

    write_lock(&vm->tdp.lock);
    mode = at_load(&vm->tdp.log);
    at_store(&vm->tdp.log, TDP_LOG_OFF);
    if (mode == TDP_LOG_HARDWARE)
        flush_logs(vm);
    write_unlock(&vm->tdp.lock);
    return mode == TDP_LOG_OFF ? DIRTY_OFF : DIRTY_OK;
}
