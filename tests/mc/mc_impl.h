/* SPDX-License-Identifier: BSD-2-Clause */
/* mc_impl.h: what the files of the explorer share: the threads, their store buffers, and a step. */
#pragma once
#include "mc.h"

#define MC_CPUS    8
#define MC_BUF     8  /* stores one thread may have in flight; a ninth waits, as on a real CPU */
#define MC_STEPS   64 /* ways to go on from one state */
#define MC_STACK   (64 * KiB)
#define MC_CHOICES 16

/* A store on its way to memory. ordered: nothing older of this thread may reach memory after it. */
struct mc_store {
    void *p;
    u64 v;
    struct mc_site *site;
    bool ordered;
};

/* The operation a thread stands before; lives on that thread's stack until it has been performed. */
struct mc_pending {
    struct mc_site *site;
    void *p, *seen;
    u64 v, result;
};

/* One thread. next is null once it has returned; news: memory changed since its last at_relax. */
struct mc_cpu {
    const char *name;
    void (*fn)(void *arg);
    void *arg, *sp, *top;
    struct mc_pending *next;
    struct mc_store buf[MC_BUF];
    u32 nbuf;
    bool news, fenced;
};

/* One step: cpu performs its next operation (flush < 0; pick is mc_choose's outcome) or buf[flush] reaches
 * memory. */
struct mc_step {
    int cpu, flush;
    u32 pick;
};

/* What a step did, for the printed interleaving. */
struct mc_event {
    const char *cpu;
    struct mc_site *site;
    u64 v, result;
    bool flush;
};

/* mc_thread.c. The threads are ordinary globals, thus part of every saved state. */
extern struct mc_cpu mc_cpus[MC_CPUS];
extern u32 mc_ncpus;
void mc_cpu_reset(void);
void mc_cpu_resume(struct mc_cpu *c); /* up to its next operation */

/* mc_cpu.c */
void mc_cpu_start(bool pso);
void mc_cpu_perform(struct mc_cpu *c, struct mc_pending *op); /* c null: at once and in order */
u32 mc_cpu_steps(struct mc_step *out, int first);
struct mc_event mc_cpu_do(const struct mc_step *s);
bool mc_cpu_all_done(void);

/* mc_state.c: the whole state as bytes, and the set of states met so far. */
size_t mc_state_size(void);
void mc_state_save(u8 *image);
void mc_state_load(const u8 *image);
void mc_seen_clear(void);
bool mc_seen(const u8 *image, size_t size); /* adds it */
