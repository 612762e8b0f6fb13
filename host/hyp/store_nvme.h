/* SPDX-License-Identifier: BSD-2-Clause */
/* store_nvme.h: a GPT partition of the NVMe disk as a store of pages (store.h). */
#pragma once
#include "store.h"

/*
 * After nvme_init(). bytes: how much of the partition to use, 0 = all. Ends the host with a message when the disk has
 * no such partition or it is smaller. Asked the same again it returns the same store.
 */
struct store *store_open(const char *partition, u64 bytes);
