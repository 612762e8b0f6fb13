/* SPDX-License-Identifier: BSD-2-Clause */
/* nvme_queue.c: put commands into a queue pair and take completions out (NVM Express 1.4, chapter 4). */
#include "nvme_queue.h"
#include "con.h"
#include "lib/atomic.h"
#include "port.h"

bool nvme_queue_init(struct nvme_queue *q, volatile u8 *regs, u32 stride, unsigned id, u32 depth)
{
    q->sq = port_zalloc(depth * sizeof(*q->sq));
    q->cq = port_zalloc(depth * sizeof(*q->cq));
    q->slot = port_zalloc(depth * sizeof(*q->slot));
    q->free = port_zalloc(depth * sizeof(*q->free));
    if (!q->sq || !q->cq || !q->slot || !q->free)
        return false;
    q->sq_doorbell = (volatile u32 *)(regs + NVME_DOORBELLS + 2 * id * stride);
    q->cq_doorbell = (volatile u32 *)(regs + NVME_DOORBELLS + (2 * id + 1) * stride);
    q->depth = depth;
    q->phase = 1;
    /* A full ring looks like an empty one, so one entry stays unused; so does its id. */
    for (q->frees = 0; q->frees < depth - 1; q->frees++)
        q->free[q->frees] = (u16)q->frees;
    return true;
}

static void complete(struct nvme_queue *q, u16 id, int status)
{
    struct nvme_slot s;

    if (id >= q->depth || !q->slot[id].done) {
        con_host("nvme: completion of a command %u that was not given", id);
        return;
    }
    s = q->slot[id];
    q->slot[id].done = NULL;
    q->free[q->frees++] = id;
    s.done(s.who, status);
}

static bool fresh(const struct nvme_queue *q)
{
    return (q->cq[q->head].status & 1) == q->phase;
}

unsigned nvme_queue_poll(struct nvme_queue *q)
{
    unsigned n = 0;

    /* At most one round: `done` may submit, and the device may be faster than we are. */
    while (fresh(q) && n < q->depth) {
        volatile struct nvme_completion *e = &q->cq[q->head];
        u16 status;

        at_fence_rd(); /* the phase before the rest; pairs with the device's ordered write of the entry */
        status = e->status;
        q->result = e->result;
        q->head++;
        if (q->head == q->depth) {
            q->head = 0;
            q->phase ^= 1;
        }
        n++;
        complete(q, e->id, status >> 1);
    }
    if (n)
        *q->cq_doorbell = q->head;
    return n;
}
