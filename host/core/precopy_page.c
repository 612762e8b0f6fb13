/* SPDX-License-Identifier: BSD-2-Clause */
/* precopy_page.c: one page for the copy, wherever it is: in memory, in swap, or nowhere yet. */
#include "precopy.h"
#include "vm.h"
#include "port.h"

/* What a page is that was never written. */
static enum precopy_kind untouched(const struct slot *s)
{
    return s->store ? PRECOPY_SOURCE : PRECOPY_ZERO;
}

static bool put(struct precopy *p, gfn_t gfn, enum precopy_kind kind, const void *page)
{
    p->report.kind[kind]++;
    return p->config.sink->ops->put(p->config.sink, gfn, kind, page);
}

bool precopy_reads_init(struct precopy *p)
{
    for (unsigned i = 0; i < PRECOPY_READS; i++) {
        at_store(&p->read[i].state, READ_FREE);
        if (!p->read[i].frame.v && !port_frame_alloc(&p->read[i].frame))
            return false;
    }
    return true;
}

static bool any_is(const struct precopy *p, enum precopy_read_state state)
{
    for (unsigned i = 0; i < PRECOPY_READS; i++)
        if (at_load_acq(&p->read[i].state) == state)
            return true;
    return false;
}

bool precopy_reads_pending(const struct precopy *p)
{
    return any_is(p, READ_WAITING);
}

bool precopy_reads_over(const struct precopy *p)
{
    return !any_is(p, READ_WAITING) && !any_is(p, READ_DONE) && !any_is(p, READ_FAILED);
}

bool precopy_read_failed(const struct precopy *p)
{
    return any_is(p, READ_FAILED);
}

/* Any CPU. */
static void read_done(struct store_req *r)
{
    struct pager_io *io = container_of(r, struct pager_io, req);
    struct precopy_read *read = io->vm->precopy.read;

    while (read->frame.v != r->frame.v)
        read++;
    at_store_rel(&read->state, r->status ? READ_FAILED : READ_DONE);
    pager_io_end(io);
}

bool precopy_read_start(struct vm *vm, struct slot *s, gfn_t gfn, struct store *from, u64 offset)
{
    struct precopy_read *read = vm->precopy.read, *behind = read + PRECOPY_READS;

    while (read < behind && at_load(&read->state) != READ_FREE)
        read++;
    if (read == behind)
        return false;
    read->gfn = gfn;
    at_store(&read->state, READ_WAITING);
    if (pager_io_start(vm, s, gfn, STORE_READ, from, offset, read->frame, read_done))
        return true;
    at_store(&read->state, READ_FREE);
    return false;
}

bool precopy_reads_put(struct precopy *p)
{
    for (unsigned i = 0; i < PRECOPY_READS; i++) {
        struct precopy_read *read = &p->read[i];

        if (at_load_acq(&read->state) != READ_DONE)
            continue;
        if (!put(p, read->gfn, PRECOPY_BYTES, port_map(read->frame)))
            return false;
        at_store(&read->state, READ_FREE);
    }
    return true;
}

/*
 * Under the mapping lock a RESIDENT page keeps its frame: an evictor that comes later waits for the lock (guestmem.c).
 * One that is EVICTING may lose it any moment, and is in swap, or back, soon.
 */
static enum precopy_put put_locked(struct vm *vm, struct slot *s, gfn_t gfn, bool *swapped)
{
    u64 word = at_load_acq(&slot_page(s, gfn)->word);
    enum precopy_kind kind = word & (PAGE_DIRTY | PAGE_SWAPPED) ? PRECOPY_BYTES : untouched(s);
    const void *page = NULL;

    switch ((enum page_state)(word & PAGE_STATE)) {
    case PAGE_EVICTING:
        return PUT_LATER;
    case PAGE_RESIDENT:
    case PAGE_ASIDE:
        page = kind == PRECOPY_BYTES ? port_map(pager_hpa(vm, word)) : NULL;
        break;
    case PAGE_ABSENT:
    case PAGE_LOADING:
        *swapped = word & PAGE_SWAPPED;
        kind = untouched(s);
    }
    return *swapped || put(&vm->precopy, gfn, kind, page) ? PUT_DONE : PUT_FAILED;
}

enum precopy_put precopy_put_page(struct vm *vm, struct slot *s, gfn_t gfn)
{
    u64 at = s->swap_offset + (gfn.v - s->base.v) * PAGE_SIZE;
    enum precopy_put r;
    bool swapped = false;

    read_lock(&vm->tdp.lock);
    r = put_locked(vm, s, gfn, &swapped);
    read_unlock(&vm->tdp.lock);
    /*
     * The guest is not disturbed: the page is read beside the pager. Should it come back, be written and go to the same
     * place in swap meanwhile, what we read is worthless; but then its bit is set again.
     */
    if (swapped && !precopy_read_start(vm, s, gfn, vm->pager.swap, at))
        return PUT_LATER;
    return r;
}
