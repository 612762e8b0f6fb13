/* SPDX-License-Identifier: BSD-2-Clause */
/* guestmem.c: hold every page of an access in memory, then copy. */
#include "guestmem.h"
#include "dirty.h"
#include "vm.h"
#include "port.h"
#include "lib/str.h"

/* A ROM is not to be written; the APIC page is a device, which only apic_page_make() fills before the guest runs. */
static off_path bool refused(struct vm *vm, const struct slot *s, bool write)
{
    return s->id == SLOT_APIC_PAGE ? at_load(&vm->state) != VM_SETUP : write;
}

/*
 * With the mapping lock held for read: the page is resident, counts as used and, if `write`, as changed. An evictor
 * that comes later waits for the lock before it touches the frame; one that came earlier has made the exchange fail.
 */
static enum guest_access hold(struct vm *vm, gfn_t gfn, bool write, char **at)
{
    struct slot *s;
    enum slot_kind kind = slot_look(vm, gfn, &s);
    u64 word, want;

    check(read_held(&vm->tdp.lock), "habit 6: guest memory is touched under the mapping lock");
    if (kind != SLOT_USABLE)
        return kind == SLOT_NONE ? GUEST_HOLE : GUEST_ABSENT;
    if (s->special && refused(vm, s, write))
        return GUEST_HOLE;
    word = at_load(&slot_page(s, gfn)->word);
    do {
        if ((word & PAGE_STATE) != PAGE_RESIDENT)
            return GUEST_ABSENT;
        want = word | PAGE_REF | (write ? PAGE_DIRTY : 0);
    } while (want != word && !at_cas(&slot_page(s, gfn)->word, &word, want));
    *at = port_map(pager_hpa(vm, word));
    return GUEST_OK;
}

/*
 * Where a page is that hold() has found. An evictor may be waiting for the lock by now; until it gets it the frame
 * stays.
 */
static char *held(struct vm *vm, gfn_t gfn)
{
    return port_map(pager_hpa(vm, at_load(&slot_page(slot_find_any(vm, gfn), gfn)->word)));
}

/*
 * The page that hold() has found was written: for the dirty log, whose reader may have taken the page's bit while we
 * wrote (C8-5). The pager was told before, and waits for the lock.
 */
static void wrote(struct vm *vm, gfn_t gfn)
{
    dirty_mark(vm, slot_find_any(vm, gfn), gfn, 1);
}

/* Copy between `mem` and guest memory, after holding all pages of the range. */
static enum guest_access copy(struct vm *vm, gpa_t gpa, char *mem, size_t n, bool write, gfn_t *where)
{
    u64 end = gpa.v + n;
    enum guest_access r = end < gpa.v ? GUEST_HOLE : GUEST_OK;
    char *page;

    *where = gpa_gfn(gpa);
    read_lock(&vm->tdp.lock);
    for (gfn_t g = gpa_gfn(gpa); r == GUEST_OK && gfn_gpa(g).v < end; g.v++) {
        *where = g;
        r = hold(vm, g, write, &page);
    }
    for (u64 at = gpa.v; r == GUEST_OK && at < end;) {
        size_t part = MIN(PAGE_SIZE - (at & PAGE_MASK), end - at);

        page = held(vm, gpa_gfn((gpa_t){at}));
        if (write) {
            memcpy(page + (at & PAGE_MASK), mem, part);
            wrote(vm, gpa_gfn((gpa_t){at}));
        } else {
            memcpy(mem, page + (at & PAGE_MASK), part);
        }
        mem += part;
        at += part;
    }
    read_unlock(&vm->tdp.lock);
    return r;
}

enum guest_access guest_read(struct vm *vm, gpa_t from, void *to, size_t n, gfn_t *at)
{
    return copy(vm, from, to, n, false, at);
}

enum guest_access guest_write(struct vm *vm, gpa_t to, const void *from, size_t n, gfn_t *at)
{
    return copy(vm, to, (char *)from, n, true, at);
}

/* Act on what lies at `at`, all of which is in one page. */
static always_inline enum guest_access act_at(struct vm *vm, gpa_t at, bool write, guest_act *act, void *arg)
{
    enum guest_access r;
    char *page;

    read_lock(&vm->tdp.lock);
    r = hold(vm, gpa_gfn(at), write, &page);
    if (r == GUEST_OK) {
        act(page + (at.v & PAGE_MASK), arg);
        if (write)
            wrote(vm, gpa_gfn(at));
    }
    read_unlock(&vm->tdp.lock);
    return r;
}

static void load32(void *there, void *out)
{
    *(u32 *)out = at_load((u32 *)there);
}

static void store32(void *there, void *value)
{
    at_store_rel((u32 *)there, *(u32 *)value);
}

static void store64(void *there, void *value)
{
    at_store_rel((u64 *)there, *(u64 *)value);
}

enum guest_access guest_read32(struct vm *vm, gpa_t from, u32 *out)
{
    check(!(from.v & 3), "a word of guest memory is aligned");
    return act_at(vm, from, false, load32, out);
}

enum guest_access guest_write32(struct vm *vm, gpa_t to, u32 value)
{
    check(!(to.v & 3), "a word of guest memory is aligned");
    return act_at(vm, to, true, store32, &value);
}

enum guest_access guest_write64(struct vm *vm, gpa_t to, u64 value)
{
    check(!(to.v & 7), "a word of guest memory is aligned");
    return act_at(vm, to, true, store64, &value);
}

enum guest_access guest_at(struct vm *vm, gpa_t at, guest_act *act, void *arg)
{
    return act_at(vm, at, true, act, arg);
}

void guest_bring(struct vcpu *v, gfn_t gfn)
{
    struct slot *s = slot_find(v->vm, gfn);

    if (!s) /* gone since it was found absent, or INVALID: the exit that is executed again sees what is true then */
        return;
    vcpu_sit_out(v, gfn, VCPU_WAIT_PAGE);
    stat_add(v->vm, sync_waits, 1);
    pager_load(v->vm, s, gfn, &v->apf.tickets.sync);
}

bool guest_load(struct vm *vm, gpa_t to, const void *from, size_t n)
{
    const char *mem = from;

    check(vm->state == VM_SETUP, "the guest does not run yet");
    while (n) {
        size_t part = MIN(PAGE_SIZE - (to.v & PAGE_MASK), n);
        gfn_t at;
        enum guest_access r = guest_write(vm, to, mem, part, &at);

        if (r == GUEST_HOLE || at_load(&vm->state) == VM_STOPPED)
            return false;
        if (r == GUEST_OK) {
            to.v += part;
            mem += part;
            n -= part;
            continue;
        }
        pager_load(vm, slot_find(vm, at), at, NULL);
        (void)store_poll();
    }
    return true;
}
