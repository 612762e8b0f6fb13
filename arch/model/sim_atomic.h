/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_atomic.h: lib/atomic.h on the machine that does not exist: before each operation another CPU may run.
 *
 * CPUs are coroutines of one thread, so the order of operations is what cpus.c makes it, and nothing else.
 */
#pragma once
#include "lib/types.h"

/* Time passes; perhaps other CPUs run. */
void sim_point(void);
/* The same, before something is changed: what led to the change was read before, and may be so no longer. */
void sim_change(void);
/* The same, and another CPU runs if any can. */
void sim_relax(void);

/* Operands first, then the point, then the operation: what an operand read may be out of date by then. */
#define SIM_READ(p)                                \
    ({                                             \
        __auto_type sim_p_ = (p);                  \
        sim_point();                               \
        __atomic_load_n(sim_p_, __ATOMIC_SEQ_CST); \
    })
#define SIM_CHANGE(op, p, v)                  \
    ({                                        \
        __auto_type sim_p_ = (p);             \
        __auto_type sim_v_ = (v);             \
        sim_change();                         \
        op(sim_p_, sim_v_, __ATOMIC_SEQ_CST); \
    })

#define at_load(p)         SIM_READ(p)
#define at_load_acq(p)     SIM_READ(p)
#define at_store(p, v)     SIM_CHANGE(__atomic_store_n, p, v)
#define at_store_rel(p, v) SIM_CHANGE(__atomic_store_n, p, v)
#define at_xchg(p, v)      SIM_CHANGE(__atomic_exchange_n, p, v)
#define at_add(p, v)       SIM_CHANGE(__atomic_add_fetch, p, v)
#define at_sub(p, v)       SIM_CHANGE(__atomic_sub_fetch, p, v)
#define at_or(p, v)        SIM_CHANGE(__atomic_fetch_or, p, v)
#define at_and(p, v)       SIM_CHANGE(__atomic_fetch_and, p, v)
#define at_fence()         sim_point()
#define at_fence_rd()      sim_point()
#define at_fence_wr()      sim_point()
#define at_relax()         sim_relax()

#define at_cas(p, seen, want)                                                                           \
    ({                                                                                                  \
        __auto_type sim_p_ = (p);                                                                       \
        __auto_type sim_v_ = (want);                                                                    \
        sim_change();                                                                                   \
        __atomic_compare_exchange_n(sim_p_, (seen), sim_v_, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    })
