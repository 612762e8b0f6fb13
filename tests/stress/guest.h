/* SPDX-License-Identifier: BSD-2-Clause */
/* guest.h: a thread that is a vCPU: guest code that touches pages through a TLB, and the host's way of a fault. */
#pragma once
#include "memory.h"

/* A page-table walk as the manual of the hardware has it. */
struct walker {
    unsigned levels;
    u64 present;               /* any of these */
    u64 needs;                 /* all of these, in a leaf */
    u64 leaf_mask, leaf_value; /* above level 0: what tells a leaf */
    u64 write_mask, write_value, exec_mask, exec_value;
    u64 accessed, dirty; /* set by hardware, 0 = not */
    u64 address;
    unsigned shift; /* of the frame number */
    bool one_size;  /* a TLB must never hold two sizes of leaf for one gfn (C13-20) */
};

struct guest_count {
    unsigned touches, faults, huge, collapses, flushes, roots;
};

#define GUESTS 2u
extern struct guest_count guest_count[GUESTS];
extern u32 guests_stop;

void guests_init(const struct walker *w);
/* Thread of vCPU (uintptr_t)arg. */
void *guest_run(void *arg);
