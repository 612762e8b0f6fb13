/* SPDX-License-Identifier: BSD-2-Clause */
/* gwalk.h: read guest memory by linear address, through the guest's own page tables, without side effects. */
#pragma once
#include "lib/types.h"

struct vm;

/* The registers that govern the guest's paging. */
struct gwalk {
    u64 cr0, cr3, cr4, efer;
};

/*
 * False: not mapped, or a page on the way is not resident. Any paging mode: none, 32-bit, PAE, 4 and 5 levels.
 * No access rights are checked and no accessed bits set: for looking at what the CPU itself has fetched just now.
 */
bool gwalk_gpa(struct vm *vm, const struct gwalk *w, gva_t va, gpa_t *out) must_check;

/* Copies up to n bytes and returns how many could be read. */
size_t gwalk_read(struct vm *vm, const struct gwalk *w, gva_t va, void *to, size_t n);
