/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mc.h: explore every interleaving of a few threads of real C code, each behind a store buffer.
 *
 * A test describes a model (who runs, what must be true) and states claims about it: mc_holds() for the code
 * as written and for changes that must be harmless, mc_fails() for a mutant that must be noticed. README.md
 * says what is exact.
 */
#pragma once
#include "mc_atomic.h"

struct mc_model {
    void (*setup)(void);  /* put the shared words into their first state, then mc_thread() for each thread */
    void (*final)(void);  /* checked when every thread has returned and every store buffer is empty */
    void (*always)(void); /* checked after every step */
    bool pso; /* stores to different words may pass each other, unless at_fence_wr or a release is between */
};

/* One operation of product code that misbehaves: the nth (from 1, in source order) of its kind in func. */
struct mc_mutant {
    const char *func;
    enum mc_kind kind;
    u32 nth;
    enum mc_act act;
};

void mc_thread(const char *name, void (*fn)(void *arg), void *arg);
u32 mc_self(void); /* the running thread: its number, from 0 in order of mc_thread() */
u32 mc_choose_at(struct mc_site *site, u32 n);
void mc_violation(const char *what);           /* the thread goes on to its next operation */
_Noreturn void mc_stop(const char *invariant); /* for port_panic(): it does not */

/* Any of 0..n-1: all of them are explored. */
#define mc_choose(n) mc_choose_at(MC_SITE(MC_CHOOSE, "", 4), (n))
#define mc_check(cond, what)    \
    do {                        \
        if (!(cond))            \
            mc_violation(what); \
    } while (0)

/* Claims; each prints one TAP line. The mutants end with one whose func is null; null means none. */
void mc_holds(const char *claim, const struct mc_model *m, const struct mc_mutant *mutants);
void mc_fails(const char *claim, const struct mc_model *m, const struct mc_mutant *mutants,
              const char *violation);
#define MC_MUTANTS(...) ((const struct mc_mutant[]){__VA_ARGS__, {.func = NULL}})

/* The two halves of a claim: the first violation, or null; and the TAP line. */
const char *mc_explore(const struct mc_model *m);
void mc_report(bool ok, const char *text, ...) printf_like(2, 3);

/* Prints the TAP plan; the value is main()'s. */
int mc_end(void);
