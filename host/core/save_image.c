/* SPDX-License-Identifier: BSD-2-Clause */
/* save_image.c: where on the partition everything goes, and all that is written there beside memory. */
#include "save.h"
#include "vm.h"
#include "port.h"
#include "lib/crc32.h"
#include "lib/str.h"

#define PLACES_LIMIT SAVED_SOURCE /* an index names pages below */

bool save_runs_from_it(const struct vm *vm)
{
    return vm->save.to == vm->saved.on;
}

static u64 places(const struct save *s)
{
    return MIN(s->to->bytes / PAGE_SIZE, (u64)PLACES_LIMIT);
}

static bool taken(const struct save *s, u64 place)
{
    return place < s->map_end && s->map[place / 64] & BIT(place % 64);
}

/* The next n places side by side. 0: there are none. */
static u64 save_places(struct save *s, u64 n)
{
    u64 at = s->next, run = 0;

    for (; run < n && at < places(s); at++)
        run = taken(s, at) ? 0 : run + 1;
    if (run < n) {
        save_failed(s, SAVE_SMALL);
        return 0;
    }
    s->next = at;
    return at - n;
}

u32 save_place(struct save *s)
{
    return (u32)save_places(s, 1);
}

struct slot *save_slot(struct vm *vm, unsigned i)
{
    struct slot *s;
    unsigned n = 0;

    while ((s = vm_slot(vm, n++)) && (s->id == SLOT_APIC_PAGE || i--))
        ;
    return s;
}

enum save_error save_describe_slots(struct vm *vm)
{
    struct save *s = &vm->save;
    struct saved_header *h = s->header;
    const struct slot *slot;

    for (unsigned i = 0; (slot = save_slot(vm, i)); i++) {
        const struct saved_memory *m = saved_memory_of(slot->store);
        const struct store *source = m ? m->source : slot->store;
        struct saved_slot *out = &h->slot[h->slots];

        check(h->slots < SLOTS, "there is room for all slots");
        out->base = slot->base.v;
        out->pages = slot->pages;
        out->id = slot->id;
        out->read_only = slot->read_only;
        if (source) {
            out->source_bytes = source->bytes;
            check(str_copy(out->source, sizeof(out->source), source->name), "a partition's name is short");
        }
        s->index[h->slots] = port_zalloc(SAVED_INDEX_BYTES(slot->pages));
        if (!s->index[h->slots++])
            return SAVE_NO_MEMORY;
    }
    return SAVE_OK;
}

void save_describe_vm(struct vm *vm)
{
    struct save *s = &vm->save;
    struct saved_header *h = s->header;

    h->magic = SAVED_MAGIC;
    h->version = SAVED_VERSION;
    h->sequence = save_runs_from_it(vm) ? vm->saved.header.sequence + 1 : 1;
    h->memory = vm->config.memory;
    h->vcpus = vm->vcpus;
    h->apf = vm->config.apf;
    h->pv_hidden = vm->config.pv_hidden;
    h->pv_lax = vm->config.pv_lax;
    h->hook = !!vm->hook;
    h->tsc_khz = vm_tsc_khz(vm);
    h->tsc = port_tsc() + vm->tsc_offset;
    h->wall_clock_msr = at_load(&vm->wall_clock_msr);
    h->asker = s->asker->id;
    h->asked_by_port = s->exit.kind == EXIT_IO;
    save_vcpus(vm, s->state);
}

/* The other headers must not speak of pages that are about to be written over. */
bool save_forget(struct vm *vm)
{
    static const u8 nothing[PAGE_SIZE];
    struct save *s = &vm->save;

    for (; s->at < SAVED_HEADERS; s->at++)
        if (!(save_runs_from_it(vm) && vm->saved.place == s->at) && !save_write(vm, s->at, nothing))
            return false;
    if (!save_io_idle(s))
        return false;
    s->at = 0;
    return true;
}

/* Write a run of pages, which gets its place the first time. False: later, or no place is left. */
static bool write_run(struct vm *vm, struct saved_run *r, const void *from, u64 bytes)
{
    struct save *s = &vm->save;

    if (!r->page)
        *r = (struct saved_run){
            .page = save_places(s, SAVED_PAGES(bytes)), .bytes = (u32)bytes, .crc = crc32(0, from, bytes)};
    if (!r->page)
        return false;
    for (; s->at < SAVED_PAGES(bytes); s->at++)
        if (!save_write(vm, r->page + s->at, (const u8 *)from + s->at * PAGE_SIZE))
            return false;
    s->at = 0;
    return true;
}

bool save_write_indices(struct vm *vm)
{
    struct save *s = &vm->save;
    struct saved_header *h = s->header;

    for (; s->slot < h->slots; s->slot++)
        if (!write_run(vm, &h->slot[s->slot].index, s->index[s->slot], h->slot[s->slot].pages * sizeof(u32)))
            return false;
    return true;
}

bool save_write_state(struct vm *vm)
{
    struct save *s = &vm->save;

    return write_run(vm, &s->header->state, s->state, sizeof(*s->state));
}

bool save_write_header(struct vm *vm)
{
    struct save *s = &vm->save;

    if (!save_io_idle(s))
        return false;
    s->header->end = s->next = MAX(s->next, s->map_end);
    s->header->crc = saved_header_crc(s->header);
    return save_write(vm, save_runs_from_it(vm) ? !vm->saved.place : 0, s->header);
}
