/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mc_atomic.h: lib/atomic.h as the protocol explorer sees it: each operation is a scheduling point with a
 * name.
 *
 * The place where an operation stands in the source is its site. Sites are collected by the linker, so that a
 * test can address one as "the 2nd fence of inv_end" and have it misbehave; see struct mc_mutant in mc.h.
 */
#pragma once
#include "lib/types.h"

enum mc_kind {
    MC_LOAD,
    MC_STORE,
    MC_STORE_REL,
    MC_XCHG,
    MC_ADD,
    MC_SUB,
    MC_OR,
    MC_AND,
    MC_CAS,
    MC_FENCE,
    MC_FENCE_RD,
    MC_FENCE_WR,
    MC_RELAX,
    MC_CHOOSE,
};

enum mc_act {
    MC_AS_WRITTEN,
    MC_DROP,  /* the operation does not happen; a load yields 0 */
    MC_PLAIN, /* a read-modify-write loses its lock: a load and a buffered store, no barrier */
};

struct mc_site {
    const char *expr, *func;
    u32 line, order, hits; /* order: in the source, two on one line included */
    u8 kind, size, act;
} __attribute__((aligned(64)));

/* One door for all: seen is non-null for compare-exchange only. Returns the value the operation yields. */
u64 mc_op(struct mc_site *site, void *p, u64 value, void *seen);

#define MC_SITE(what, text, bytes)                                                                         \
    ({                                                                                                     \
        static struct mc_site mc_site_ __attribute__((section("mc_sites"), used)) = {.expr = (text),       \
                                                                                     .func = __func__,     \
                                                                                     .line = __LINE__,     \
                                                                                     .order = __COUNTER__, \
                                                                                     .kind = (what),       \
                                                                                     .size = (bytes)};     \
        &mc_site_;                                                                                         \
    })
#define MC_TYPE(p) __typeof__(__atomic_load_n((p), 0))
#define MC_OP(what, p, v) \
    ({ (MC_TYPE(p)) mc_op(MC_SITE(what, #p, sizeof(*(p))), (void *)(p), (u64)(v), NULL); })
#define MC_BARE(what) ((void)mc_op(MC_SITE(what, "", 8), NULL, 0, NULL))

#define at_load(p)         MC_OP(MC_LOAD, p, 0)
#define at_load_acq(p)     MC_OP(MC_LOAD, p, 0)
#define at_store(p, v)     ((void)MC_OP(MC_STORE, p, v))
#define at_store_rel(p, v) ((void)MC_OP(MC_STORE_REL, p, v))
#define at_xchg(p, v)      MC_OP(MC_XCHG, p, v)
#define at_add(p, v)       MC_OP(MC_ADD, p, v)
#define at_sub(p, v)       MC_OP(MC_SUB, p, v)
#define at_or(p, v)        MC_OP(MC_OR, p, v)
#define at_and(p, v)       MC_OP(MC_AND, p, v)
#define at_cas(p, seen, want) \
    ((bool)mc_op(MC_SITE(MC_CAS, #p, sizeof(*(p))), (void *)(p), (u64)(want), (seen)))
#define at_fence()    MC_BARE(MC_FENCE)
#define at_fence_rd() MC_BARE(MC_FENCE_RD)
#define at_fence_wr() MC_BARE(MC_FENCE_WR)
#define at_relax()    MC_BARE(MC_RELAX)
