/* SPDX-License-Identifier: BSD-2-Clause */
/* save_io.c: pages on their way to the partition, each in a frame of ours. */
#include "save.h"
#include "vm.h"
#include "con.h"
#include "port.h"
#include "lib/str.h"

bool save_io_init(struct save *s)
{
    for (unsigned i = 0; i < SAVE_IOS; i++)
        if (!s->io[i].frame.v && !port_frame_alloc(&s->io[i].frame))
            return false;
    return true;
}

void save_io_free(struct save *s)
{
    for (unsigned i = 0; i < SAVE_IOS; i++)
        if (s->io[i].frame.v)
            port_frame_free(s->io[i].frame);
}

bool save_io_idle(const struct save *s)
{
    for (unsigned i = 0; i < SAVE_IOS; i++)
        if (at_load_acq(&s->io[i].state) != SAVE_IO_FREE)
            return false;
    return true;
}

static struct save_io *unused(struct save *s)
{
    for (unsigned i = 0; i < SAVE_IOS; i++)
        if (at_load_acq(&s->io[i].state) == SAVE_IO_FREE)
            return &s->io[i];
    return NULL;
}

void save_failed(struct save *s, enum save_error e)
{
    enum save_error none = SAVE_OK;

    (void)at_cas(&s->error, &none, e);
}

/* Any CPU. */
static void io_done(struct store_req *r)
{
    struct pager_io *io = container_of(r, struct pager_io, req);
    struct save *s = &io->vm->save;
    struct save_io *mine = s->io;
    bool read = r->op == STORE_READ && !r->status;

    while (mine->frame.v != r->frame.v)
        mine++;
    if (r->status) {
        con_host("vm%u: save: %s of store '%s', block %lu, failed: status 0x%x", io->vm->id,
                 r->op == STORE_READ ? "read" : "write", r->at->name, r->at->ops->block(r->at, r->offset),
                 (unsigned)r->status);
        save_failed(s, SAVE_STORE_ERROR);
    }
    pager_io_end(io);
    at_store_rel(&mine->state, read ? SAVE_IO_HERE : SAVE_IO_FREE);
}

static bool start(struct vm *vm, struct save_io *io, enum store_op op, struct store *store, u64 offset)
{
    at_store(&io->state, SAVE_IO_BUSY);
    if (pager_io_start(vm, io->page.slot, io->page.gfn, op, store, offset, io->frame, io_done))
        return true;
    at_store(&io->state, SAVE_IO_FREE);
    return false;
}

bool save_write(struct vm *vm, u64 page, const void *bytes)
{
    struct save_io *io = unused(&vm->save);

    if (!io)
        return false;
    io->page = (struct save_page){0};
    memcpy(port_map(io->frame), bytes, PAGE_SIZE);
    return start(vm, io, STORE_WRITE, vm->save.to, page * PAGE_SIZE);
}

bool save_fetch(struct vm *vm, const struct save_page *p, struct store *from, u64 offset)
{
    struct save_io *io = unused(&vm->save);

    if (!io)
        return false;
    io->page = *p;
    return start(vm, io, STORE_READ, from, offset);
}

bool save_take(struct vm *vm, const struct save_page *p, const void *bytes)
{
    struct save_io *io = unused(&vm->save);

    if (!io)
        return false;
    io->page = *p;
    memcpy(port_map(io->frame), bytes, PAGE_SIZE);
    at_store_rel(&io->state, SAVE_IO_HERE);
    return true;
}

static bool is_zero(const u64 *page)
{
    u64 all = 0;

    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i++)
        all |= page[i];
    return !all;
}

/* The store may refuse the write; then the page has its place already the next time. */
static void put(struct vm *vm, struct save_io *io)
{
    u32 *entry = io->page.entry;

    if (is_zero(port_map(io->frame))) {
        *entry = SAVED_ZERO;
        at_store(&io->state, SAVE_IO_FREE);
        return;
    }
    if (*entry == SAVED_ZERO)
        *entry = save_place(&vm->save);
    if (*entry == SAVED_ZERO)
        at_store(&io->state, SAVE_IO_FREE);
    else if (!start(vm, io, STORE_WRITE, vm->save.to, (u64)*entry * PAGE_SIZE))
        at_store(&io->state, SAVE_IO_HERE);
}

void save_put(struct vm *vm)
{
    for (unsigned i = 0; i < SAVE_IOS; i++)
        if (at_load_acq(&vm->save.io[i].state) == SAVE_IO_HERE)
            put(vm, &vm->save.io[i]);
}

void save_drop(struct save *s)
{
    for (unsigned i = 0; i < SAVE_IOS; i++)
        if (at_load_acq(&s->io[i].state) == SAVE_IO_HERE)
            at_store(&s->io[i].state, SAVE_IO_FREE);
}
