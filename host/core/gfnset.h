/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gfnset.h: the set of gfns that one vCPU waits for: open addressing, linear probing, backward-shift delete (H-A-13).
 */
#pragma once
#include "lib/types.h"
#include "abi/kvm_apf.h"

#define GFNSET_SIZE (2 * APF_PER_VCPU) /* power of two; half empty at the limit */

struct gfnset {
    u64 key[GFNSET_SIZE]; /* gfn + 1, 0 = empty */
};

bool gfnset_has(const struct gfnset *s, gfn_t g);
/* g must not be in the set, and the set not hold APF_PER_VCPU members. */
void gfnset_add(struct gfnset *s, gfn_t g);
/* g must be in the set. */
void gfnset_del(struct gfnset *s, gfn_t g);
void gfnset_clear(struct gfnset *s);
