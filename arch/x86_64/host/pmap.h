/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pmap.h: the host's own address space: physical memory at its own address, each part with the rights it needs.
 *
 * Used by the CPU that booted, before others run, except pmap_mmio(), which only adds.
 */
#pragma once
#include "lib/types.h"

enum pmap_kind {
    PMAP_TEXT,   /* read, execute */
    PMAP_RODATA, /* read */
    PMAP_DATA,   /* read, write */
    PMAP_MMIO,   /* read, write, uncached */
};

/* Build the tables for the image and the given RAM and load them. False: no frames. */
struct boot_info;
bool pmap_init(const struct boot_info *b) must_check;
/* Tables' root, below 4 GiB, for the other CPUs. */
hpa_t pmap_root(void);
/* Map device registers; false: no frames, or the range is not mappable. */
bool pmap_mmio(hpa_t at, u64 bytes) must_check;
/* Take one page away, so that running into it is a page fault. */
bool pmap_guard(const void *page) must_check;
