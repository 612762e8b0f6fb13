/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dirty.h: the dirty log: which pages of guest memory were written since somebody last asked (SPEC C8).
 *
 * A bit for each page of a slot. It is set after the guest may write, or the host has written, and taken before the
 * page is protected: so a write that a copy of the page misses is in a later collection. The last word is the one that
 * is had while nothing of the VM is under way (hold.h).
 *
 * The log and the pager (PAGE_DIRTY) are two consumers of the same events; neither clears the other's mark (H-C-23).
 * One consumer at a time has the log: who starts it collects and stops it.
 */
#pragma once
#include "tdp.h"

struct slot;

enum dirty_result {
    DIRTY_OK,
    DIRTY_ALREADY_ON,
    DIRTY_OFF,         /* it is not kept, or was begun before the slot was there */
    DIRTY_NO_HARDWARE, /* the entry format has no dirty bits */
    DIRTY_NO_MEMORY,
};

#define DIRTY_BATCH \
    4096u /* pages that one collection covers at most: under one hold of the lock, with one flush */
#define DIRTY_WORDS (DIRTY_BATCH / 64)
#define DIRTY_SPLIT 512u /* pages whose huge leaf is split in one hold of the lock */

/* Of a slot's bitmap. */
#define DIRTY_LOG_BYTES(pages) (((pages) + 63) / 64 * sizeof(u64))

/* How the writes of this VM are best noticed. */
enum tdp_log dirty_best(const struct tdp *t);

/*
 * From now on each write is logged; nothing is yet. On an error nothing has changed. No locks held.
 * Hardware's list tells one page of a huge leaf: if memory does not suffice to split them all, dirty bits serve instead
 * of it.
 */
enum dirty_result dirty_start(struct vm *vm, enum tdp_log mode) must_check;

/*
 * Take the bits of pages first … first + n - 1 of the slot: bit i of `bits` is page first + i. First is a multiple of
 * 64, and so is n unless the slot ends there. On return no CPU can write a page that was taken without setting its bit
 * again (C8-8): contents read from now on hold all writes that these bits tell of. No locks held.
 */
enum dirty_result dirty_collect(struct vm *vm, struct slot *s, u64 first, u64 n, u64 *bits) must_check;

enum dirty_result dirty_stop(struct vm *vm) must_check;

/*
 * These pages were, or may from now on be, written: after the fact, in the section of the mapping lock or of the epoch
 * that it was done in. For tdp_dirtied() and the host's own writes (C8-5).
 */
void dirty_mark(struct vm *vm, struct slot *s, gfn_t start, u64 pages);

struct vcpu;
/*
 * Told by hw_run(): hardware has marked the entries of these pages as dirty. The marks are still there for the pager,
 * who finds them as ever. By the vCPU's owner, outside a pass.
 */
void dirty_logged(struct vcpu *v, const u64 *gpa, unsigned n);
