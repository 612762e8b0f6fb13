/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_walk.h: the bodies of all TDP operations, compiled once for each entry format.
 *
 * The including file defines `static const struct tdp_fmt fmt` and TDP_OPS, the name of its operations.
 */
#include "tdp_iter.h"
#include "tdp_map.h"
#include "tdp_zap.h"
#include "tdp_scan.h"

const struct tdp_ops TDP_OPS = {
    .map = map,
    .fix = fix,
    .zap = zap,
    .recover = recover,
    .split = split,
    .collapse = collapse,
    .write_protect = write_protect,
    .harvest = harvest,
    .age = age,
    .lookup = lookup,
    .inspect = inspect,
    .path = path,
    .none = fmt.none,
    .levels = fmt.levels,
    .dirty = fmt.dirty,
};
