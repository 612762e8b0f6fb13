/* SPDX-License-Identifier: BSD-2-Clause */
/* store_disk.h: a GPT partition of the machine's disk as a store of pages (store.h). */
#pragma once
#include "disk.h"

/* Once, before anything else here: the disk that there is. */
void store_disk(const struct disk *d);

/*
 * bytes: how much of the partition to use, 0 = all. Ends the host with a message when the disk has no such partition
 * or it is smaller. Asked the same again it returns the same store.
 */
struct store *store_open(const char *partition, u64 bytes);
