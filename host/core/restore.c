/* SPDX-License-Identifier: BSD-2-Clause */
/* restore.c: read what was saved, believe none of it, then make a VM of it. */
#include "restore.h"
#include "vm.h"
#include "port.h"
#include "lib/crc32.h"
#include "lib/str.h"

#define READ_NS 5000000000ull /* that a page may take */
#define TSC_AGREE \
    16 /* frequencies, as measured by a busy machine, that differ by less than one part in so many are one */

struct wait {
    u8 page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
    struct store_req req;
    bool over;
};

static void read_over(struct store_req *r)
{
    container_of(r, struct wait, req)->over = true;
}

/* Static: an answer after the time-out must not find memory of somebody else; nor is such a store asked again. */
static bool read_page(struct store *from, u64 page, void *to)
{
    static struct wait w = {.over = true};
    u64 end = port_now() + READ_NS;

    if (!w.over)
        return false;
    w.req = (struct store_req){
        .op = STORE_READ, .offset = page * PAGE_SIZE, .frame = port_hpa(w.page), .done = read_over};
    w.over = false;
    while (store_submit(from, &w.req)) {
        (void)store_poll();
        w.over = port_now() > end; /* it was never asked */
        if (w.over)
            return false;
    }
    while (!w.over && port_now() <= end)
        (void)store_poll();
    if (!w.over || w.req.status)
        return false;
    memcpy(to, w.page, PAGE_SIZE);
    return true;
}

static enum restore_error read_run(struct store *from, const struct saved_run *r, void *to)
{
    for (u64 i = 0; i < SAVED_PAGES(r->bytes); i++)
        if (!read_page(from, r->page + i, (u8 *)to + i * PAGE_SIZE))
            return RESTORE_STORE;
    return crc32(0, to, r->bytes) == r->crc ? RESTORE_OK : RESTORE_DAMAGED;
}

static bool run_inside(const struct saved_run *r, u64 bytes, u64 end)
{
    return r->bytes == bytes && r->page >= SAVED_FIRST && r->page < end &&
           SAVED_PAGES(bytes) <= end - r->page;
}

static bool slot_possible(const struct saved_slot *s, u64 end)
{
    bool of_hook = s->id == SLOT_HOOK;

    if (!s->pages || s->pages > UINT32_MAX / sizeof(u32) || s->source[SAVED_NAME - 1])
        return false;
    if (of_hook ? s->pages > 1 || s->source[0] || s->read_only > 1 : s->id != SLOT_PUBLIC || s->read_only)
        return false;
    return run_inside(&s->index, s->pages * sizeof(u32), end);
}

static enum restore_error check_header(const struct store *from, const struct saved_header *h)
{
    if (h->magic != SAVED_MAGIC)
        return RESTORE_NEVER;
    if (h->crc != saved_header_crc(h))
        return RESTORE_DAMAGED;
    if (h->version != SAVED_VERSION)
        return RESTORE_VERSION;
    if (h->end > from->bytes / PAGE_SIZE)
        return RESTORE_TRUNCATED;
    if (!h->vcpus || h->vcpus > VCPU_MAX || h->apf > FL_APF_DUAL || h->asker >= h->vcpus || h->pv_lax > 1 ||
        h->hook > 1 || (h->asked_by_port && !h->hook) || h->slots > SLOTS || !h->tsc_khz ||
        !run_inside(&h->state, sizeof(struct saved_state), h->end))
        return RESTORE_DAMAGED;
    for (unsigned i = 0; i < h->slots; i++)
        if (!slot_possible(&h->slot[i], h->end))
            return RESTORE_DAMAGED;
    return RESTORE_OK;
}

enum restore_error restore_find(struct store *from, struct saved_header *h, unsigned *place)
{
    u8 *page = port_zalloc(PAGE_SIZE);
    enum restore_error found = RESTORE_NEVER;

    if (!page)
        return RESTORE_NO_MEMORY;
    for (unsigned i = 0; i < SAVED_HEADERS && (i + 1) * PAGE_SIZE <= from->bytes; i++) {
        const struct saved_header *this = (const void *)page;
        enum restore_error e = read_page(from, i, page) ? check_header(from, this) : RESTORE_STORE;

        if (e == RESTORE_OK && (found != RESTORE_OK || this->sequence > h->sequence)) {
            *h = *this;
            *place = i;
            found = RESTORE_OK;
        } else if (found == RESTORE_NEVER) {
            found = e;
        }
    }
    port_zfree(page, PAGE_SIZE);
    return found;
}

static bool index_possible(const struct saved_header *h, const u32 *index, u64 pages, bool source)
{
    for (u64 i = 0; i < pages; i++) {
        if (index[i] == SAVED_ZERO || (index[i] == SAVED_SOURCE && source))
            continue;
        if (index[i] < SAVED_FIRST || index[i] >= h->end)
            return false;
    }
    return true;
}

static enum restore_error restore_slot(struct vm *vm, unsigned i, struct store *source)
{
    struct saved *saved = &vm->saved;
    const struct saved_slot *s = &saved->header.slot[i];
    u32 *index = port_zalloc(SAVED_INDEX_BYTES(s->pages));
    enum restore_error e;

    if (!index)
        return RESTORE_NO_MEMORY;
    saved_memory_init(saved, i, source, index);
    e = read_run(saved->on, &s->index, index);
    if (e)
        return e;
    if (!index_possible(&saved->header, index, s->pages, source))
        return RESTORE_DAMAGED;
    switch (s->id == SLOT_HOOK ? slot_add_hook(vm, (gfn_t){s->base}, s->read_only, &saved->memory[i].store)
                               : slot_add(vm, source ? source->name : "memory", (gfn_t){s->base}, s->pages,
                                          &saved->memory[i].store)) {
    case SLOT_OK:
        return RESTORE_OK;
    case SLOT_NO_MEMORY:
        return RESTORE_NO_MEMORY;
    case SLOT_ZERO:
    case SLOT_BEYOND:
    case SLOT_OVERLAP:
    case SLOT_TOO_MANY:
    case SLOT_NO_SWAP:
    case SLOT_MISSING:
    case SLOT_BUSY:
        break;
    }
    return RESTORE_DAMAGED;
}

/* Without scaling in hardware, the guest's idea of the counter has to hold here too. */
static bool same_clock(u64 a, u64 b)
{
    return MAX(a, b) - MIN(a, b) < b / TSC_AGREE;
}

enum restore_error restore_vm(struct vm *vm, struct store *from, const struct saved_header *h, unsigned place,
                              struct store *const source[])
{
    size_t bytes = ROUND_UP(sizeof(struct saved_state), PAGE_SIZE);
    enum restore_error e = RESTORE_OK;
    struct saved_state *state;

    check(vm->state == VM_SETUP && vm->vcpus == h->vcpus, "a new VM of that size");
    if (!same_clock(h->tsc_khz, port_tsc_khz()))
        return RESTORE_CLOCK;
    vm->saved.header = *h;
    vm->saved.place = place;
    vm->saved.on = from;
    for (unsigned i = 0; !e && i < h->slots; i++)
        e = restore_slot(vm, i, source[i]);
    if (e)
        return e;
    if (h->hook && !hook_make(vm))
        return RESTORE_NO_MEMORY;
    state = port_zalloc(bytes);
    if (!state)
        return RESTORE_NO_MEMORY;
    e = read_run(from, &h->state, state);
    if (!e && !restore_vcpus_valid(vm, state))
        e = RESTORE_DAMAGED;
    if (!e)
        restore_vcpus(vm, state);
    port_zfree(state, bytes);
    return e;
}

const char *restore_strerror(enum restore_error e)
{
    switch (e) {
    case RESTORE_OK:
        return "no error";
    case RESTORE_NEVER:
        return "no VM was saved to it, or not completely";
    case RESTORE_VERSION:
        return "the VM was saved by another version of the host";
    case RESTORE_DAMAGED:
        return "what was saved is damaged";
    case RESTORE_TRUNCATED:
        return "truncated: what was saved ends beyond it";
    case RESTORE_CLOCK:
        return "the VM was saved on a machine whose time-stamp counter has another frequency";
    case RESTORE_NO_MEMORY:
        return "no memory for what was saved";
    case RESTORE_STORE:
        return "it cannot be read";
    }
    return "unknown error";
}
