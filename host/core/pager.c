/* SPDX-License-Identifier: BSD-2-Clause */
/* pager.c: the states of pages: bring them in, give their frames back, tell those who wait. */
#include "pager.h"
#include "vm.h"
#include "hook.h"
#include "port.h"
#include "resident.h"
#include "lib/str.h"

#define LOW_SHARE 16 /* one frame of so many is kept free */
#define LOW_MAX   (4 * BATCH_MAX)

bool pager_init(struct vm *vm, u64 frames, struct store *swap)
{
    struct pager *p = &vm->pager;

    *p = (struct pager){.swap = swap};
    if (!framepool_init(&p->frames, frames))
        return false;
    p->low = MAX(MIN(frames / LOW_SHARE, LOW_MAX), 1);
    if (pager_io_init(&p->io))
        return true;
    framepool_destroy(&p->frames);
    return false;
}

void pager_free(struct vm *vm)
{
    pager_io_free(&vm->pager.io);
    framepool_destroy(&vm->pager.frames);
}

hpa_t pager_hpa(struct vm *vm, u64 word)
{
    u32 f = PAGE_FRAME(word);

    check(f < vm->pager.frames.count, "a page that is not absent has a frame");
    return pfn_hpa(framepool_pfn(&vm->pager.frames, f));
}

bool pager_resident(struct vm *vm, struct slot *s, gfn_t gfn, pfn_t *pfn)
{
    u64 word = at_load_acq(&slot_page(s, gfn)->word);

    if ((word & PAGE_STATE) != PAGE_RESIDENT)
        return false;
    *pfn = hpa_pfn(pager_hpa(vm, word));
    return true;
}

/* Apart, because few stores know: what faults run through is shorter without it. */
static __attribute__((noinline)) bool store_says_zero(const struct slot *s, gfn_t gfn)
{
    return s->store->ops->is_zero(s->store, (gfn.v - s->base.v) * PAGE_SIZE);
}

static bool source_is_zero(const struct slot *s, gfn_t gfn)
{
    return !s->store || (s->store->ops->is_zero && store_says_zero(s, gfn));
}

bool pager_is_quick(struct slot *s, gfn_t gfn)
{
    u64 word = at_load(&slot_page(s, gfn)->word);

    return (word == PAGE_ABSENT && source_is_zero(s, gfn)) || (word & PAGE_AT_HAND);
}

/* Finish everybody who waits for the page. */
static void finish_waiters(struct page *pg)
{
    struct ticket *t = ticket_take(&pg->waiters), *next;

    for (; t; t = next) {
        next = t->next;
        ticket_done(t);
    }
}

/* Wait for LOADING, EVICTING or ASIDE to end. If it just has, whoever sees that first finishes all waiters. */
static void wait_for(struct page *pg, struct ticket *t)
{
    enum page_state state;

    if (!t)
        return;
    ticket_push(&pg->waiters, t); /* P6: a full barrier; pairs with settle() */
    state = at_load(&pg->word) & PAGE_STATE;
    if (state == PAGE_ABSENT || state == PAGE_RESIDENT)
        finish_waiters(pg);
}

/* The page's I/O is over: it becomes `word`; then those who wait are told. */
static void settle(struct page *pg, u64 word)
{
    (void)at_xchg(&pg->word, word); /* P6: a full barrier; pairs with wait_for() */
    finish_waiters(pg);
}

static void become_resident(struct slot *s, gfn_t gfn, u64 flags)
{
    struct page *pg = slot_page(s, gfn);

    resident_set(s, gfn);
    settle(pg, PAGE_RESIDENT | PAGE_REF | FRAME_WORD(PAGE_FRAME(at_load(&pg->word))) | flags);
}

static void become_absent(struct vm *vm, struct page *pg, u64 flags)
{
    u32 frame = PAGE_FRAME(at_load(&pg->word));

    settle(pg, PAGE_ABSENT | flags);
    pager_frame_release(vm, frame);
}

static void read_done(struct store_req *r)
{
    struct pager_io *io = container_of(r, struct pager_io, req);
    struct page *pg = slot_page(io->slot, io->gfn);
    u64 swapped = at_load(&pg->word) & PAGE_SWAPPED;

    if (r->status) {
        pager_io_report(io, "read");
        become_absent(io->vm, pg, swapped);
    } else {
        become_resident(io->slot, io->gfn, swapped);
    }
    pager_io_end(io);
}

void pager_fill(struct vm *vm, struct slot *s, gfn_t gfn, u32 frame)
{
    struct page *pg = slot_page(s, gfn);
    u64 swapped = at_load(&pg->word) & PAGE_SWAPPED, at = (gfn.v - s->base.v) * PAGE_SIZE;
    hpa_t to = pfn_hpa(framepool_pfn(&vm->pager.frames, frame));
    bool started;

    at_store(&pg->word, PAGE_LOADING | swapped | FRAME_WORD(frame));
    if (!swapped && source_is_zero(s, gfn)) {
        memset(port_map(to), 0, PAGE_SIZE);
        stat_add(vm, zero_fills, 1);
        become_resident(s, gfn, 0);
        return;
    }
    if (swapped)
        started = pager_io_start(vm, s, gfn, STORE_READ, vm->pager.swap, s->swap_offset + at, to, read_done);
    else
        started = pager_io_start(vm, s, gfn, STORE_READ, s->store, at, to, read_done);
    if (started)
        return;
    settle(pg, PAGE_ABSENT | swapped);
    framepool_put(&vm->pager.frames, frame); /* not released: who starves would meet the same full store */
}

void pager_load(struct vm *vm, struct slot *s, gfn_t gfn, struct ticket *t)
{
    struct page *pg = slot_page(s, gfn);
    u64 word = at_load(&pg->word);
    u32 frame;

    while ((word & PAGE_STATE) == PAGE_ABSENT) {
        if (!at_cas(&pg->word, &word, PAGE_LOADING | (word & PAGE_SWAPPED) | FRAME_WORD(FRAME_NONE)))
            continue;
        wait_for(pg, t);
        frame = pager_frame(vm, gfn);
        if (frame == FRAME_NONE)
            pager_starve(vm, gfn);
        else
            pager_fill(vm, s, gfn, frame);
        return;
    }
    wait_for(pg, t);
    if ((at_load(&pg->word) & PAGE_STATE) == PAGE_ASIDE)
        hook_wanted(vm, gfn);
}

static void write_done(struct store_req *r)
{
    struct pager_io *io = container_of(r, struct pager_io, req);
    struct page *pg = slot_page(io->slot, io->gfn);

    if (r->status) {
        pager_io_report(io, "write to swap");
        become_resident(io->slot, io->gfn, PAGE_DIRTY | (at_load(&pg->word) & PAGE_SWAPPED));
    } else if (at_load(&pg->waiters)) {
        become_resident(io->slot, io->gfn, PAGE_SWAPPED);
    } else {
        become_absent(io->vm, pg, PAGE_SWAPPED);
    }
    pager_io_end(io);
}

void pager_put_page(struct vm *vm, struct slot *s, gfn_t gfn)
{
    struct page *pg = slot_page(s, gfn);
    u64 word = at_load(&pg->word), at = (gfn.v - s->base.v) * PAGE_SIZE;

    check((word & PAGE_STATE) == PAGE_EVICTING, "only an evicted page gives its frame back");
    stat_add(vm, evictions, 1);
    if (!(word & PAGE_DIRTY)) {
        become_absent(vm, pg, word & PAGE_SWAPPED);
        return;
    }
    if (!pager_io_start(vm, s, gfn, STORE_WRITE, vm->pager.swap, s->swap_offset + at, pager_hpa(vm, word),
                        write_done)) {
        /* As old as it was. As young as one that its waiters brought back, it would let that one go first again. */
        resident_set(s, gfn);
        settle(pg, PAGE_RESIDENT | FRAME_WORD(PAGE_FRAME(word)) |
                       (word & (PAGE_DIRTY | PAGE_SWAPPED | PAGE_AGE)));
    }
}

u32 pager_move_page(struct vm *vm, struct slot *s, gfn_t gfn, u32 frame)
{
    struct page *pg = slot_page(s, gfn);
    u64 word = at_load(&pg->word); /* with what the zap has found out */

    check((word & PAGE_STATE) == PAGE_EVICTING, "only a page that nobody can reach leaves its frame");
    memcpy(port_map(pfn_hpa(framepool_pfn(&vm->pager.frames, frame))), port_map(pager_hpa(vm, word)),
           PAGE_SIZE);
    stat_add(vm, migrations, 1);
    resident_set(s, gfn);
    settle(pg,
           PAGE_RESIDENT | FRAME_WORD(frame) | (word & (PAGE_DIRTY | PAGE_SWAPPED | PAGE_REF | PAGE_AGE)));
    return PAGE_FRAME(word);
}

void pager_lay_aside(struct slot *s, gfn_t gfn)
{
    struct page *pg = slot_page(s, gfn);
    u64 word = at_load(&pg->word);

    check((word & PAGE_STATE) == PAGE_EVICTING, "only a page that nobody can reach is laid aside");
    (void)at_xchg(&pg->word, (word & ~PAGE_STATE) | PAGE_ASIDE); /* P6: before pager_awaited() */
}

bool pager_awaited(struct vm *vm, gfn_t gfn)
{
    return at_load(&slot_page(slot_find_any(vm, gfn), gfn)->waiters);
}

void pager_put_back(struct vm *vm, gfn_t gfn)
{
    struct slot *s = slot_find_any(vm, gfn);
    u64 word = at_load(&slot_page(s, gfn)->word);

    check((word & PAGE_STATE) == PAGE_ASIDE, "only a page that was laid aside is put back");
    become_resident(s, gfn, word & (PAGE_DIRTY | PAGE_SWAPPED));
}

void pager_give_up(struct vm *vm, gfn_t gfn)
{
    struct page *pg = slot_page(slot_find_any(vm, gfn), gfn);

    (void)at_or(&pg->word, PAGE_AT_HAND); /* P6: before the waiters are taken; pairs with wait_for() */
    finish_waiters(pg);
}
