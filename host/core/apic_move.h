/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apic_move.h: move the APIC-access page about while guests use their local APICs, who must not notice (SPEC B7).
 *
 * Every APIC_MOVE_PERIOD the page goes to another frame, or is taken away altogether and read back from swap. As the
 * pager does both: take the page, bracket, unmap; and as an owner of memory may do it whose brackets stay open for long
 * (B7-12): bracket and unmap first, and only after a while take the page and move it. Its old frame goes back to the
 * pool with what it holds, the APIC_PAGE_WORD.
 */
#pragma once
#include "lib/types.h"

struct vm;

#define APIC_MOVE_CPU    0u      /* whose loop does the work */
#define APIC_MOVE_PERIOD 200000u /* ns between two moves */
#define APIC_MOVE_OPEN   100000u /* ns for which a bracket stays open for vCPUs to meet it, at most */
#define APIC_MOVE_EVICT  16      /* one of so many is an eviction instead */

/* The worker's, but for `left`, which is read by anybody on its CPU. */
struct apic_move {
    u64 left, next; /* moves to be made yet; ns, when the next one is */
    u64 turn;
    u64 moves, open; /* made so far; of which by a bracket that stayed open until a vCPU waited for its end */
    u64 evictions;
    u64 absent; /* times that the page was just not there, or no frame free for it */
    u64 strays; /* words in it that somebody has written, although all accesses should go to the APIC */
};

/* As the configuration says. Once the VM has its slots; if it has no APIC page there is nothing to be moved. */
void apic_move_init(struct vm *vm);
/* A move if one is due; returns when the next one will be. APIC_MOVE_CPU only, no locks held. */
u64 apic_move_work(struct vm *vm, u64 now);
/* Say what was done, if there was anything to do. */
void apic_move_report(struct vm *vm);
