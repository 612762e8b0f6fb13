/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_io.c: hand pages to the store, and keep count of them until they come back. */
#include "pager_io.h"
#include "vm.h"
#include "port.h"

bool pager_io_init(struct pager_ios *p)
{
    p->record = port_zalloc(PAGER_IOS * sizeof(*p->record));
    for (u32 i = 0; p->record && i < PAGER_IOS; i++)
        p->record[i].next = i + 1;
    return p->record;
}

void pager_io_free(struct pager_ios *p)
{
    port_zfree(p->record, PAGER_IOS * sizeof(*p->record));
}

static struct pager_io *record_get(struct pager_ios *p)
{
    struct pager_io *io = NULL;

    spin_lock(&p->lock);
    if (p->free < PAGER_IOS) {
        io = &p->record[p->free];
        p->free = io->next;
    }
    spin_unlock(&p->lock);
    return io;
}

static void record_put(struct pager_ios *p, struct pager_io *io)
{
    at_store(&io->since, 0);
    spin_lock(&p->lock);
    io->next = p->free;
    p->free = (u32)(io - p->record);
    spin_unlock(&p->lock);
}

static u32 *kind(struct pager_io *io)
{
    struct pager_ios *p = &io->vm->pager.io;

    return io->req.op == STORE_READ ? &p->reads : &p->writes;
}

static void record_end(struct pager_io *io)
{
    struct pager_ios *p = &io->vm->pager.io;

    at_sub(kind(io), 1);
    at_sub(&p->inflight, 1);
    record_put(p, io);
}

bool pager_io_start(struct vm *vm, struct slot *s, gfn_t gfn, enum store_op op, struct store *store,
                    u64 offset, hpa_t frame, void (*done)(struct store_req *))
{
    struct pager_ios *p = &vm->pager.io;
    struct pager_io *io = record_get(p);
    u32 n;

    if (!io)
        return false;
    io->req = (struct store_req){.op = op, .offset = offset, .frame = frame, .done = done};
    io->vm = vm;
    io->slot = s;
    io->gfn = gfn;
    at_store(&io->since, port_now());
    at_add(&p->inflight, 1);
    n = at_add(kind(io), 1);
    if (op == STORE_READ && n > at_load(&vm->stats.inflight_max))
        at_store(&vm->stats.inflight_max, n);
    if (!store_submit(store, &io->req)) {
        at_add(op == STORE_READ ? &vm->stats.reads : &vm->stats.writes, 1);
        return true;
    }
    record_end(io);
    return false;
}

void pager_io_end(struct pager_io *io)
{
    if (io->req.op == STORE_READ)
        stat_add(io->vm, inflight_ns, port_now() - io->since);
    record_end(io);
}

void pager_io_report(struct pager_io *io, const char *what)
{
    struct store *s = io->req.at;

    vm_kill(io->vm, NULL, VM_STATUS_STORE_ERROR, "%s of gpa 0x%lx failed: store '%s', block %lu, status 0x%x",
            what, gfn_gpa(io->gfn).v, s->name, s->ops->block(s, io->req.offset), (unsigned)io->req.status);
}

bool pager_io_oldest(struct pager_ios *p, u64 now, u64 *age, struct pager_io *copy)
{
    u64 oldest = now;

    for (u32 i = 0; i < PAGER_IOS; i++) {
        u64 since = at_load(&p->record[i].since);

        if (since && since < oldest) {
            oldest = since;
            *copy = p->record[i];
        }
    }
    *age = now - oldest;
    return oldest < now;
}
