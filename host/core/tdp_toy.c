/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tdp_toy.c: a format of no machine, made to contradict what the real ones have in common.
 *
 * Three levels; absent is not zero; the frame's number is not where its address would be; the table bit is the other
 * way round and so is the write bit; tables have no accessed bit, and leaves no dirty bit. arch/model walks it.
 */
#include "tdp_fmt.h"

#define TOY_VALID     BIT(0)
#define TOY_TABLE     BIT(1)
#define TOY_READ_ONLY BIT(2)
#define TOY_EXEC      BIT(3)
#define TOY_A         BIT(4)
#define TOY_MAY_WRITE BIT(5)
#define TOY_NX_SPLIT  BIT(6)
#define TOY_FROZEN    BIT(60)
#define TOY_NONE      BIT(61)
#define TOY_PRESENT   BIT(62)

static const struct tdp_fmt fmt = {
    .levels = 3,
    .none = TOY_NONE,
    .frozen = TOY_FROZEN,
    .present = TOY_PRESENT,
    .table = TOY_VALID | TOY_TABLE,
    .leaf = {TOY_VALID, TOY_VALID, TOY_VALID},
    .kind = TOY_TABLE,
    .pfn = 0x0ffffffffff00000ull,
    .pfn_shift = 20,
    .read_only = TOY_READ_ONLY,
    .exec = TOY_EXEC,
    .may_write = TOY_MAY_WRITE,
    .nx_split = TOY_NX_SPLIT,
    .accessed = TOY_A,
    .hw_accessed = true,
    .dirty = 0,
};

#define TDP_OPS tdp_toy
#include "tdp_walk.h"

_Static_assert(!((TOY_FROZEN | TOY_NONE) & (TOY_VALID | TOY_A | TOY_PRESENT)),
               "C11-6: clearing A leaves absent alone");
