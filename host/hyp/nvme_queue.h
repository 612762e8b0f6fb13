/* SPDX-License-Identifier: BSD-2-Clause */
/* nvme_queue.h: one submission queue and its completion queue, used by one CPU. */
#pragma once
#include "nvme_reg.h"

typedef void nvme_done(void *who, int status); /* 0, or the device's status field */

struct nvme_slot {
    nvme_done *done; /* NULL: free */
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
};

/* id: the queue's number on the device, which gives the doorbells. False: not enough memory. */
bool nvme_queue_init(struct nvme_queue *q, volatile u8 *regs, u32 stride, unsigned id, u32 depth) must_check;
/* Takes a copy of the command, fills in its id and tells the device. -1: full. */
int nvme_queue_submit(struct nvme_queue *q, const struct nvme_command *c, nvme_done *done,
                      void *who) must_check;
/* Calls done for each command completed since the last time; returns how many. `result` of the last is kept. */
unsigned nvme_queue_poll(struct nvme_queue *q, u32 *result);
