/* SPDX-License-Identifier: BSD-2-Clause */
/* store_nvme.h: a GPT partition of the NVMe disk as a store of pages (store.h). */
#pragma once
#include "store.h"

/* After nvme_init(). bytes: how much of the partition to use, 0 = all. Ends the host when there is no such partition or it is too small. */
struct store *store_open(const char *partition, u64 bytes);
