/* SPDX-License-Identifier: BSD-2-Clause */
/* mmu.h: mappings for cases that need one of their own. */
#pragma once
#include "lib/types.h"

/* An address at which CPL 0 finds `page` by way of `table`, whose first entry is written. One at a time. */
void *mmu_by_way_of(u64 *table, void *page);
void mmu_forget(void *at);
