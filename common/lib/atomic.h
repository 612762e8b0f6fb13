/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atomic.h: the only door to memory that more than one CPU writes.
 *
 * Words are plain integers; every access to a shared one goes through these operations, so that the protocol explorer
 * (tests/mc, built with -DFL_MC) can turn each into a scheduling point and give each thread a store buffer. The
 * simulator (tests/sim, built with -DFL_SIM) lets another CPU of its machine run before each of them.
 * Read-modify-write operations and at_fence() are full barriers; at_load/at_store are relaxed, _acq/_rel one-sided.
 */
#pragma once
#include "lib/types.h"

#ifdef FL_MC
#include "mc_atomic.h"
#elif defined(FL_SIM)
#include "sim_atomic.h"
#else

#define at_load(p)         __atomic_load_n((p), __ATOMIC_RELAXED)
#define at_load_acq(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define at_store(p, v)     __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define at_store_rel(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define at_xchg(p, v)      __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define at_add(p, v)       __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST) /* returns the new value */
#define at_sub(p, v)       __atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST) /* returns the new value */
#define at_or(p, v)        __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)  /* returns the old value */
#define at_and(p, v)       __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST) /* returns the old value */

/* Replaces *p by want if it equals *seen; on failure *seen becomes the value found. */
#define at_cas(p, seen, want) \
    __atomic_compare_exchange_n((p), (seen), (want), false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE)

#ifdef FL_TSAN
/*
 * gcc's thread sanitizer does not know fences (-Wtsan): operations on a word that all fences share stand for them. The
 * one-sided make an edge from every release to every acquire, which is more than there is and may hide a race; a
 * full fence makes none, as its pairs ask for the order of stores and loads alone. There are more threads than CPUs,
 * so a thread that waits yields.
 */
__attribute__((weak)) u32 at_fence_word;
int sched_yield(void);
#define at_fence()    ((void)__atomic_fetch_add(&at_fence_word, 0, __ATOMIC_RELAXED))
#define at_fence_rd() ((void)__atomic_fetch_add(&at_fence_word, 0, __ATOMIC_ACQUIRE))
#define at_fence_wr() ((void)__atomic_fetch_add(&at_fence_word, 0, __ATOMIC_RELEASE))
#define at_relax()    ((void)sched_yield())
#else
#define at_fence()    __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define at_fence_rd() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define at_fence_wr() __atomic_thread_fence(__ATOMIC_RELEASE)
#define at_relax()    __builtin_ia32_pause()
#endif

#endif
