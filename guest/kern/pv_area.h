/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_area.h: read what the host writes meanwhile: an area with a version, odd while it is being written (A7-4, A7-6).
 *
 *     do {
 *         version = area_begin(&a->version);
 *         …read…
 *     } while (area_changed(&a->version, version));
 */
#pragma once
#include "lib/atomic.h"

static inline u32 area_begin(const u32 *version)
{
    return at_load_acq(version);
}

static inline bool area_changed(const u32 *version, u32 begun)
{
    at_fence_rd();
    return begun & 1 || begun != at_load(version);
}
