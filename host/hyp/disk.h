/* SPDX-License-Identifier: BSD-2-Clause */
/* disk.h: what every driver of a disk offers: blocks moved between it and one page of memory, asynchronously. */
#pragma once
#include "store.h"

typedef void disk_done(void *who, int status); /* 0, or the device's non-zero status code */

struct disk {
    const char *name; /* what kind it is */
    u32 block_shift;  /* its blocks are of 1 << this bytes, at most a page */
    u64 blocks;
    /* -1: full now. Else done will be called once, from poll() on some CPU. 0 < n blocks, at most a page. */
    int (*submit)(enum store_op op, u64 lba, u32 n, hpa_t page, disk_done *done, void *who);
    unsigned (*poll)(void); /* finishes what has completed; returns how many */
};
