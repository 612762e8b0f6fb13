/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frames.h: who has which 4 KiB frame of physical memory.
 *
 * Single frames come and go in constant time. Runs of neighbouring frames, blocks among them, are for set-up: what one
 * gives back serves requests of the same length first; what is left over above a block, single ones only. Any CPU; a
 * spinlock that is a leaf of the lock order.
 */
#pragma once
#include "lib/bootinfo.h"

/* Once, while the first page tables are in use. False: no RAM left beside the image and the modules. */
bool frames_init(const struct boot_info *b) must_check;

bool frames_alloc(hpa_t *out) must_check;
bool frames_alloc_run(u64 count, hpa_t *out) must_check;
bool frames_alloc_block(hpa_t *out) must_check; /* see port_block_alloc() */
void frames_release(hpa_t frame);
void frames_release_run(hpa_t start, u64 count);
u64 frames_left(void);
