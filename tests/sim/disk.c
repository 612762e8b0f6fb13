/* SPDX-License-Identifier: BSD-2-Clause */
/* disk.c: one device, a queue for each CPU or for all; a page moves between submission and answer, when it likes. */
#include "disk.h"
#include "frames.h"
#include "machine.h"
#include "sim_atomic.h"
#include "swarm.h"
#include "trace.h"
#include <stdlib.h>
#include <string.h>

#define QUEUE 1024u

static struct request {
    struct store_req *req;
    unsigned cpu;
    u64 due; /* ns */
    bool fails, moved;
} queue[QUEUE];
static unsigned count;

void disk_reset(void)
{
    count = 0;
}

unsigned disk_busy(void)
{
    return count;
}

/* Transfer the page. */
static void move(struct request *r)
{
    struct store_req *q = r->req;
    u8 *data = container_of(q->at, struct disk, store)->data + q->offset, *page = frame_bytes(q->frame);

    r->moved = true;
    if (q->op == STORE_READ)
        memcpy(page, data, PAGE_SIZE);
    else
        memcpy(data, page, PAGE_SIZE);
}

/* When each CPU's next request is due. */
static void arm(void)
{
    for (unsigned c = 0; c < machine.config.cpus; c++)
        machine.cpu[c].device_at = TIME_NEVER;
    for (unsigned i = 0; i < count; i++)
        machine.cpu[queue[i].cpu].device_at = MIN(machine.cpu[queue[i].cpu].device_at, queue[i].due);
}

/* Two requests for one page would be done in no order that anybody knows. */
static void check_alone(const struct store_req *q)
{
    for (unsigned i = 0; i < count; i++)
        if (queue[i].req->at == q->at && queue[i].req->offset == q->offset)
            machine_violation("device", "two requests for page %lu of store %s at a time",
                              q->offset / PAGE_SIZE, q->at->name);
}

static u64 latency(void)
{
    if (rng_chance(&machine.rng, swarm.stuck))
        return rng_between(&machine.rng, swarm.io_timeout, 2 * swarm.io_give_up);
    return rng_between(&machine.rng, swarm.latency_least, swarm.latency_most);
}

static int submit(struct store *s, struct store_req *q)
{
    struct request *r;

    sim_point();
    if (q->offset >= s->bytes || (q->offset & PAGE_MASK))
        machine_violation("device", "offset 0x%lx of store %s", q->offset, s->name);
    if (count >= MIN(swarm.room, QUEUE) || (machine.running && rng_chance(&machine.rng, swarm.reject)))
        return -1;
    r = &queue[count];
    check_alone(q);
    frame_lend(q->frame);
    *r = (struct request){.req = q,
                          .cpu = port_cpu(),
                          .due = machine.now + latency(),
                          .fails = machine.running && rng_chance(&machine.rng, swarm.fail)};
    if (!r->fails && rng_below(&machine.rng, 2))
        move(r);
    count++;
    arm();
    trace(q->op == STORE_READ ? "read of page %lu into frame 0x%lx, due %lu"
                              : "write of page %lu from frame 0x%lx, due %lu",
          q->offset / PAGE_SIZE, q->frame.v, r->due);
    return 0;
}

static u64 block(const struct store *s, u64 offset)
{
    (void)s;
    return offset / 512;
}

static void finish(unsigned i)
{
    struct request r = queue[i];

    queue[i] = queue[--count];
    arm();
    if (!r.fails && !r.moved)
        move(&r);
    frame_return(r.req->frame);
    r.req->status = r.fails ? 0x1234 : 0;
    trace("request for page %lu, frame 0x%lx is done, status %lx", r.req->offset / PAGE_SIZE, r.req->frame.v,
          (u64)r.req->status);
    r.req->done(r.req);
}

/* A request that is due and that this CPU may answer, any of them; -1 = none. Before the run all are due at once. */
static int due(void)
{
    unsigned at = count ? (unsigned)rng_below(&machine.rng, count) : 0;

    for (unsigned i = 0; i < count; i++) {
        const struct request *r = &queue[(at + i) % count];

        if (!machine.running || ((swarm.shared || r->cpu == port_cpu()) && r->due <= machine.now))
            return (int)((at + i) % count);
    }
    return -1;
}

unsigned store_poll(void)
{
    unsigned n = 0;
    int i;

    sim_point();
    for (; (i = due()) >= 0; n++)
        finish((unsigned)i);
    return n;
}

void disk_drain(void)
{
    while (count)
        finish(0);
}

void disk_make(struct disk *d, const char *name, u64 bytes)
{
    static const struct store_ops ops = {.submit = submit, .block = block};

    d->store = (struct store){.ops = &ops, .name = name, .bytes = bytes};
    d->data = calloc(1, bytes);
    if (!d->data)
        abort();
}

void disk_free(struct disk *d)
{
    free(d->data);
    d->data = NULL;
}
