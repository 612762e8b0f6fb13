/* SPDX-License-Identifier: BSD-2-Clause */
/* pager_io.h: the reads and writes of pages that the store has: records for them, their number, their age. */
#pragma once
#include "slot.h"
#include "lib/lock.h"

struct vm;

#define PAGER_IOS (8 * 64 + 64) /* at once: every item of every vCPU, and the writes of all reclaimers */

struct pager_io {
    struct store_req req;
    struct vm *vm;
    struct slot *slot;
    gfn_t gfn;
    u64 since; /* ns, 0 = unused */
    u32 next;  /* free list */
};

struct pager_ios {
    struct pager_io *record;
    u32 free; /* head of the free list */
    struct spinlock lock;
    u32 inflight; /* reads and writes the store has */
    u32 reads;    /* of which reads */
    u32 writes;   /* of which writes: frames about to be free */
};

bool pager_io_init(struct pager_ios *p) must_check;
void pager_io_free(struct pager_ios *p);

/*
 * Read or write the frame of a page that is LOADING or EVICTING. done is called with the record's `req`, and ends it
 * with pager_io_end(). False: the store takes no more now.
 */
bool pager_io_start(struct vm *vm, struct slot *s, gfn_t gfn, enum store_op op, struct store *store,
                    u64 offset, hpa_t frame, void (*done)(struct store_req *)) must_check;
void pager_io_end(struct pager_io *io);

/* The store failed: stop the VM, naming the page and the device's block. */
void pager_io_report(struct pager_io *io, const char *what);

/* The oldest unfinished request: its age in ns at `now`, and what it is for. False: none. Any CPU. */
bool pager_io_oldest(struct pager_ios *p, u64 now, u64 *age, struct pager_io *copy);
