/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restore.h: make a VM of what save.h left on a partition (A3-61).
 *
 * Set-up time, on one CPU: reads wait. Nothing of the partition is trusted: all of it that is not guest memory is read
 * and checked before the VM changes. The memory itself is read when it is touched: a saved VM starts at once.
 */
#pragma once
#include "saved.h"

struct vm;

enum restore_error {
    RESTORE_OK,
    RESTORE_NEVER,     /* no save to it has ended */
    RESTORE_VERSION,   /* by another version of the host */
    RESTORE_DAMAGED,   /* checksums, or impossible values */
    RESTORE_TRUNCATED, /* it ends beyond the partition */
    RESTORE_CLOCK,     /* the machine's time-stamp counter has another frequency */
    RESTORE_NO_MEMORY, /* for indices and the states of pages */
    RESTORE_STORE,     /* a page could not be read, or not in time */
};

/* The newest valid header, and where it is. */
enum restore_error restore_find(struct store *from, struct saved_header *h, unsigned *place) must_check;

/*
 * Make the new, empty `vm` that VM; source[i] is the store named by slot i's source, NULL where it has none. The VM is
 * to be destroyed after an error. Its vCPUs run when its state becomes VM_RUNNING.
 */
enum restore_error restore_vm(struct vm *vm, struct store *from, const struct saved_header *h, unsigned place,
                              struct store *const source[]) must_check;
const char *restore_strerror(enum restore_error e);

/* The rest is between restore.c and save_vcpus.c. */
bool restore_vcpus_valid(const struct vm *vm, const struct saved_state *from) must_check;
void restore_vcpus(struct vm *vm, const struct saved_state *from);
