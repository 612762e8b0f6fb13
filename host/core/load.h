/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.h: put a guest image, its command line and its modules' list into guest memory; start vCPU 0 there (PVH).
 *
 * The start information, with the memory map (every public slot of the VM is RAM), the module list and all command
 * lines, goes to LOAD_INFO; the image must keep clear of it. Set-up time: all slots have been added, the guest
 * does not run yet.
 */
#pragma once
#include "lib/types.h"

#define LOAD_INFO     0x1000ull
#define LOAD_INFO_END 0x6000ull

struct vm;

struct load_module {
    gpa_t at;
    u64 bytes;
    const char *cmdline; /* NULL = none */
};

enum load_error {
    LOAD_OK,
    LOAD_NOT_ELF,   /* no ELF64 x86-64 executable */
    LOAD_TRUNCATED, /* headers or segments reach beyond the file */
    LOAD_SEGMENTS,  /* none, too many, or one that is larger in the file than in memory */
    LOAD_NO_PVH,    /* no PVH entry note */
    LOAD_OUTSIDE, /* a segment or the entry lies outside the guest's memory, or under the start information */
    LOAD_CMDLINE, /* the command lines are too long */
    LOAD_STORE,   /* a page could not be brought in */
};

/* Nothing in `image` is trusted. The guest's memory is undefined after an error. */
enum load_error load_guest(struct vm *vm, const void *image, size_t bytes, const char *cmdline,
                           const struct load_module *module, unsigned modules) must_check;
const char *load_strerror(enum load_error e);
