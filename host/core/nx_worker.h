/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nx_worker.h: when huge leaves are not executable, and how tables that this has cost become huge leaves again (C10).
 *
 * A pass gives back one table of `ratio`, the oldest first; the time between two passes is such that all are given back
 * within about an hour, if nobody says otherwise. A pass is done in slices with pauses in between.
 */
#pragma once
#include "lib/types.h"

struct vm;

#define NX_CPU   0u       /* whose loop does the work */
#define NX_BATCH 8u       /* tables of one slice: some 4096 entries */
#define NX_PAUSE 1000000u /* ns between two slices of a pass */

#define NX_RATIO     60u              /* what there is if nothing is said */
#define NX_HOUR      3600000000000ull /* ns */
#define NX_RATIO_MAX 3600u            /* as far as the derived period is concerned */

enum nx_mode {
    NX_AUTO,  /* on if this CPU needs it */
    NX_FORCE, /* on */
    NX_OFF,   /* off, until it is switched on */
    NX_NEVER, /* off for good; there is no worker */
};

/* All by atomics, but for what only the worker has. */
struct nx_worker {
    u32 ratio;            /* 0: nothing is ever given back */
    u64 period;           /* ns between two passes, 0: derived from the ratio */
    u32 switching;        /* 1: somebody is switching the mitigation */
    u64 last, next_slice; /* the worker's: when the present pass began, when it goes on */
    u32 left;             /* the worker's: how many tables are still to be taken in it */
};

enum nx_result { NX_DONE, NX_REFUSED, NX_BUSY };

/* As the configuration says. Before there is a vCPU. */
void nx_init(struct vm *vm);

/*
 * Switch the mitigation. When it is done no vCPU has a leaf of the other kind (C6-32). NX_REFUSED: on, in mode never;
 * NX_BUSY: another CPU is just switching. No locks held.
 */
enum nx_result nx_set(struct vm *vm, bool on) must_check;

/* Wakes the worker if recovery got enabled or the period shortened (C10-4). Any CPU. */
void nx_set_pace(struct vm *vm, u32 ratio, u64 period);

/* ns between two passes; 0: there are none. */
u64 nx_period(u32 ratio, u64 period);

/* A slice of recovery if one is due; returns when the next one will be. NX_CPU only, no locks held. */
u64 nx_work(struct vm *vm, u64 now);
