/* SPDX-License-Identifier: BSD-2-Clause */
/* world.h: one run: a VM on the machine, from nothing to its end, watched all the way. */
#pragma once
#include "disk.h"
#include "vm.h"

struct world {
    struct vm *vm;
    struct disk swap, module;
};
extern struct world world;

struct run_result {
    u64 hash, points, operations;
};

/* Run one seed; operations 0 = as the seed says. Returns only if nothing was wrong. */
struct run_result world_run(u64 seed, u64 operations);

/* oracle.c: what must hold now, at any switch of CPU; and what at the end. */
void oracle_reset(void);
/* An exit of v was handled; no lock is held. */
void oracle_exit(struct vcpu *v);
void oracle_ended(void);
void oracle_destroyed(void);
/* The console's text is passed on. */
void oracle_verbose(bool on);
