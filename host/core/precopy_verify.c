/* SPDX-License-Identifier: BSD-2-Clause */
/* precopy_verify.c: is the image of a guest that stands still what its memory is? Every byte, wherever it lies. */
#include "precopy.h"
#include "image.h"
#include "vm.h"
#include "port.h"
#include "lib/str.h"

enum verdict {
    SAME,
    DIFFERENT,
    NOT_YET,     /* the page is on its way out */
    WANT_SWAP,   /* read what swap has, then ask again */
    WANT_SOURCE, /* … what the slot's store has */
};

static bool all_zero(const u64 *page)
{
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(u64); i++)
        if (page[i])
            return false;
    return true;
}

static enum verdict equal(const void *page, const void *bytes)
{
    return (bytes ? !memcmp(page, bytes, PAGE_SIZE) : all_zero(page)) ? SAME : DIFFERENT;
}

/* Mapping lock held for read. `read` is what was wanted, NULL at first. */
static enum verdict judge(struct vm *vm, struct slot *s, gfn_t gfn, const void *read)
{
    u64 word = at_load_acq(&slot_page(s, gfn)->word);
    const void *bytes;
    enum precopy_kind kind = image_get(vm->precopy.config.verify, gfn, &bytes);

    if (kind == PRECOPY_NONE || (kind != PRECOPY_BYTES && (word & PAGE_SWAPPED)))
        return DIFFERENT; /* what is in swap was written once */
    switch ((enum page_state)(word & PAGE_STATE)) {
    case PAGE_EVICTING:
        return NOT_YET;
    case PAGE_RESIDENT:
    case PAGE_ASIDE:
        if (kind == PRECOPY_SOURCE && !read)
            return WANT_SOURCE;
        return equal(port_map(pager_hpa(vm, word)), kind == PRECOPY_SOURCE ? read : bytes);
    case PAGE_ABSENT:
    case PAGE_LOADING:
        break;
    }
    if (!(word & PAGE_SWAPPED))
        return kind == (s->store ? PRECOPY_SOURCE : PRECOPY_ZERO) ? SAME : DIFFERENT;
    return read ? equal(read, bytes) : WANT_SWAP;
}

/* Begin to read what there is to compare with; if that cannot be done now, it is wanted again. */
static void want(struct vm *vm, struct slot *s, gfn_t gfn, bool swap)
{
    u64 at = (gfn.v - s->base.v) * PAGE_SIZE;
    bool started = swap ? precopy_read_start(vm, s, gfn, vm->pager.swap, s->swap_offset + at)
                        : precopy_read_start(vm, s, gfn, s->store, at);

    (void)started;
}

/* One page; false: its turn is not over. Only the first of the reads is in use here. */
static bool verify_page(struct vm *vm, struct slot *s, gfn_t gfn)
{
    struct precopy *p = &vm->precopy;
    struct precopy_read *read = &p->read[0];
    enum verdict v;

    if (precopy_reads_pending(p))
        return false;
    read_lock(&vm->tdp.lock);
    v = judge(vm, s, gfn, at_load_acq(&read->state) == READ_DONE ? port_map(read->frame) : NULL);
    read_unlock(&vm->tdp.lock);
    at_store(&read->state, READ_FREE);
    switch (v) {
    case NOT_YET:
        return false;
    case WANT_SWAP:
    case WANT_SOURCE:
        want(vm, s, gfn, v == WANT_SWAP);
        return false;
    case DIFFERENT:
        p->report.mismatches++;
        break;
    case SAME:
        break;
    }
    return true;
}

bool precopy_verify(struct vm *vm)
{
    struct precopy *p = &vm->precopy;

    for (unsigned i = 0; i < PRECOPY_SLICE; i++) {
        struct slot *s = vm_slot(vm, p->slot);

        if (!s)
            return true;
        if (p->at == s->pages) {
            p->slot++;
            p->at = 0;
        } else if (verify_page(vm, s, (gfn_t){s->base.v + p->at})) {
            p->at++;
        } else {
            return false;
        }
    }
    return false;
}
