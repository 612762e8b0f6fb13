/* SPDX-License-Identifier: BSD-2-Clause */
/* nvme_queue.h: one submission queue and its completion queue, used by one CPU. */
#pragma once
#include "disk.h"
#include "lib/atomic.h"
#include "nvme_reg.h"

struct nvme_slot {
    disk_done *done; /* NULL: free */
    void *who;
};

struct nvme_queue {
    struct nvme_command *sq;
    volatile struct nvme_completion *cq;
    volatile u32 *sq_doorbell, *cq_doorbell;
    struct nvme_slot *slot; /* by command id */
    u16 *free;              /* ids not in use */
    u32 depth, frees;
    u32 tail, head;
    u16 phase;
    u32 result; /* of the last one completed */
};

/* id: the queue's number on the device, which gives the doorbells. False: not enough memory. */
bool nvme_queue_init(struct nvme_queue *q, volatile u8 *regs, u32 stride, unsigned id, u32 depth) must_check;
/* Takes a copy of the command, fills in its id and tells the device. -1: full. */
static inline int nvme_queue_submit(struct nvme_queue *q, const struct nvme_command *c, disk_done *done,
                                    void *who)
{
    u16 id;

    if (!q->frees)
        return -1;
    id = q->free[--q->frees];
    q->slot[id] = (struct nvme_slot){done, who};
    q->sq[q->tail] = *c;
    q->sq[q->tail].id = id;
    q->tail = q->tail + 1 == q->depth ? 0 : q->tail + 1;
    at_fence_wr(); /* the entry before the doorbell; x86 keeps this order, the device reads by coherent DMA */
    *q->sq_doorbell = q->tail;
    return 0;
}

/* Calls done for each command completed since the last time; returns how many. */
unsigned nvme_queue_poll(struct nvme_queue *q);
