/* SPDX-License-Identifier: BSD-2-Clause */
/* disk.h: stores that are slow, answer out of order, refuse, fail and fall silent (store.h). */
#pragma once
#include "store.h"

struct disk {
    struct store store;
    u8 *data;
};

/* An idle device, of which all disks are part. */
void disk_reset(void);
void disk_make(struct disk *d, const char *name, u64 bytes);
void disk_free(struct disk *d);
/* Requests not finished. */
unsigned disk_busy(void);
/* Finish everything, now. */
void disk_drain(void);
