/* SPDX-License-Identifier: BSD-2-Clause */
/* t_engine.c: the explorer itself: what total store order allows is found, what it forbids is not. */
#include "lib/atomic.h"
#include "mc.h"

static u32 x, y, r[4];

static void clear(void)
{
    x = y = 0;
    r[0] = r[1] = r[2] = r[3] = 9;
}

/* Store buffering. */
static void sb_left(void *unused)
{
    (void)unused;
    at_store(&x, 1);
    at_fence();
    r[0] = at_load(&y);
}

static void sb_right(void *unused)
{
    (void)unused;
    at_store(&y, 1);
    at_fence();
    r[1] = at_load(&x);
}

static void sb_setup(void)
{
    clear();
    mc_thread("left", sb_left, NULL);
    mc_thread("right", sb_right, NULL);
}

static void sb_final(void)
{
    mc_check(r[0] || r[1], "both read zero");
}

/* Every other result of store buffering must be reachable. */
static void sb_sees_both(void)
{
    mc_check(!(r[0] && r[1]), "both read one");
}

static void sb_sees_left(void)
{
    mc_check(!(r[0] && !r[1]), "left read one");
}

/* Message passing. */
static void mp_writer(void *unused)
{
    (void)unused;
    at_store(&x, 1);
    at_fence_wr();
    at_store(&y, 1);
}

static void mp_reader(void *unused)
{
    (void)unused;
    while (!at_load(&y))
        at_relax();
    mc_check(at_load(&x), "flag without data");
}

static void mp_setup(void)
{
    clear();
    mc_thread("writer", mp_writer, NULL);
    mc_thread("reader", mp_reader, NULL);
}

/* 2+2W: both words end with the value stored first by the other thread. */
static void w_left(void *unused)
{
    (void)unused;
    at_store(&x, 1);
    at_store(&y, 2);
}

static void w_right(void *unused)
{
    (void)unused;
    at_store(&y, 1);
    at_store(&x, 2);
}

static void w_setup(void)
{
    clear();
    mc_thread("left", w_left, NULL);
    mc_thread("right", w_right, NULL);
}

static void w_final(void)
{
    mc_check(!(x == 1 && y == 1), "both first stores won");
}

static void w_both_last(void)
{
    mc_check(!(x == 2 && y == 2), "both last stores won");
}

/* IRIW: two readers must agree on the order of two independent stores. */
static void store_one(void *word)
{
    at_store((u32 *)word, 1);
}

static void xy_reader(void *unused)
{
    (void)unused;
    r[0] = at_load(&x);
    r[1] = at_load(&y);
}

static void yx_reader(void *unused)
{
    (void)unused;
    r[2] = at_load(&y);
    r[3] = at_load(&x);
}

static void iriw_setup(void)
{
    clear();
    mc_thread("x", store_one, &x);
    mc_thread("y", store_one, &y);
    mc_thread("reads xy", xy_reader, NULL);
    mc_thread("reads yx", yx_reader, NULL);
}

static void iriw_final(void)
{
    mc_check(!(r[0] && !r[1] && r[2] && !r[3]), "the readers disagree");
}

/* A thread sees its own store before others do (n6 of the TSO literature). */
static void own_left(void *unused)
{
    (void)unused;
    at_store(&x, 1);
    r[0] = at_load(&x);
    r[1] = at_load(&y);
}

static void own_right(void *unused)
{
    (void)unused;
    at_store(&y, 2);
    at_store(&x, 2);
}

static void own_setup(void)
{
    clear();
    mc_thread("left", own_left, NULL);
    mc_thread("right", own_right, NULL);
}

static void own_final(void)
{
    mc_check(!(r[0] == 1 && r[1] == 0 && x == 1), "own store seen early");
}

static void own_ordered(void)
{
    mc_check(r[0] != 0, "own store not seen");
}

/* Two increments: a locked one loses nothing. */
static void increment(void *unused)
{
    (void)unused;
    at_add(&x, 1);
}

static void inc_setup(void)
{
    clear();
    mc_thread("a", increment, NULL);
    mc_thread("b", increment, NULL);
    mc_thread("c", increment, NULL);
}

static void inc_final(void)
{
    mc_check(x == 3, "an increment is lost");
}

/* Two threads that wait for each other. */
static void wait_y(void *unused)
{
    (void)unused;
    while (!at_load(&y))
        at_relax();
    at_store(&x, 1);
}

static void wait_x(void *unused)
{
    (void)unused;
    while (!at_load(&x))
        at_relax();
    at_store(&y, 1);
}

static void wait_setup(void)
{
    clear();
    mc_thread("waits for y", wait_y, NULL);
    mc_thread("waits for x", wait_x, NULL);
}

/* Every outcome of a choice is tried. */
static void chooser(void *unused)
{
    (void)unused;
    r[0] = mc_choose(3);
}

static void choose_setup(void)
{
    clear();
    mc_thread("chooser", chooser, NULL);
}

static void choose_final(void)
{
    mc_check(r[0] != 2, "two");
}

int main(void)
{
    const struct mc_model sb = {.setup = sb_setup, .final = sb_final}, mp = {.setup = mp_setup},
                          mp_pso = {.setup = mp_setup, .pso = true};
    const struct mc_model one_one = {.setup = sb_setup, .final = sb_sees_both},
                          one_zero = {.setup = sb_setup, .final = sb_sees_left};
    const struct mc_model w = {.setup = w_setup, .final = w_final},
                          w_pso = {.setup = w_setup, .final = w_final, .pso = true};
    const struct mc_model w_last = {.setup = w_setup, .final = w_both_last};
    const struct mc_model iriw = {.setup = iriw_setup, .final = iriw_final},
                          own = {.setup = own_setup, .final = own_final};
    const struct mc_model own_order = {.setup = own_setup, .final = own_ordered},
                          inc = {.setup = inc_setup, .final = inc_final};
    const struct mc_model wait = {.setup = wait_setup},
                          choose = {.setup = choose_setup, .final = choose_final};

    mc_holds("SB: with fences one of two loads sees the other's store", &sb, NULL);
    mc_fails("SB: without fences both may read zero", &sb,
             MC_MUTANTS({"sb_left", MC_FENCE, 1, MC_DROP}, {"sb_right", MC_FENCE, 1, MC_DROP}),
             "both read zero");
    mc_fails("SB: one fence alone is not enough", &sb, MC_MUTANTS({"sb_left", MC_FENCE, 1, MC_DROP}),
             "both read zero");
    mc_fails("SB: one-one is reachable", &one_one, NULL, "both read one");
    mc_fails("SB: one-zero is reachable", &one_zero, NULL, "left read one");
    mc_holds("MP: stores reach memory in order", &mp, NULL);
    mc_holds("MP: on TSO even without the write fence", &mp,
             MC_MUTANTS({"mp_writer", MC_FENCE_WR, 1, MC_DROP}));
    mc_holds("MP: relaxed stores, write fence", &mp_pso, NULL);
    mc_fails("MP: relaxed stores, no write fence", &mp_pso,
             MC_MUTANTS({"mp_writer", MC_FENCE_WR, 1, MC_DROP}), "flag without data");
    mc_holds("2+2W: one of the last stores is last", &w, NULL);
    mc_fails("2+2W: relaxed stores, no fence", &w_pso, NULL, "both first stores won");
    mc_fails("2+2W: both last stores may win", &w_last, NULL, "both last stores won");
    mc_holds("IRIW: readers agree", &iriw, NULL);
    mc_fails("n6: a thread reads its own store early", &own, NULL, "own store seen early");
    mc_holds("n6: a thread always sees its own store", &own_order, NULL);
    mc_holds("INC: a locked increment loses nothing", &inc, NULL);
    mc_fails("INC: an unlocked one does", &inc, MC_MUTANTS({"increment", MC_ADD, 1, MC_PLAIN}),
             "an increment is lost");
    mc_fails("WAIT: a deadlock is found", &wait, NULL, "deadlock");
    mc_fails("CHOOSE: every outcome is tried", &choose, NULL, "two");
    return mc_end();
}
