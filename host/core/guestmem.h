/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guestmem.h: the one door through which the host reads and writes guest memory (habit 6).
 *
 * An access takes the mapping lock for read, so the page cannot be taken away under it, and marks the page referenced
 * and, for a write, dirty. It never waits and never becomes an asynchronous page fault (A0-38).
 */
#pragma once
#include "lib/types.h"

struct vm;
struct vcpu;

enum guest_access {
    GUEST_OK,
    GUEST_ABSENT, /* *gfn is not resident: see guest_bring() */
    GUEST_HOLE,   /* not memory, or not to be written */
};

/* Copy; crosses pages. On anything but GUEST_OK nothing was written and *at names the page. */
enum guest_access guest_read(struct vm *vm, gpa_t from, void *to, size_t n, gfn_t *at) must_check;
enum guest_access guest_write(struct vm *vm, gpa_t to, const void *from, size_t n, gfn_t *at) must_check;

/* One aligned word, atomically as the guest sees it. */
enum guest_access guest_read32(struct vm *vm, gpa_t from, u32 *out) must_check;
enum guest_access guest_write32(struct vm *vm, gpa_t to, u32 value) must_check;
enum guest_access guest_write64(struct vm *vm, gpa_t to, u64 value) must_check;

/*
 * Let `act` work, by atomics, on what lies at `at` in one page, which counts as written. It must be quick and take no
 * lock: the mapping lock is held.
 */
typedef void guest_act(void *there, void *arg);
enum guest_access guest_at(struct vm *vm, gpa_t at, guest_act *act, void *arg) must_check;

/* Put the vCPU to sleep until gfn is resident; the exit that needed it is executed again then. Owner only. */
void guest_bring(struct vcpu *v, gfn_t gfn);

/* Set-up time, on one CPU, guest not running: copy, waiting for pages as needed. False: hole, or the store failed. */
bool guest_load(struct vm *vm, gpa_t to, const void *from, size_t n) must_check;
