/* SPDX-License-Identifier: BSD-2-Clause */
/* t_idle.c: whoever reads a vCPU's account of rest sees total and start of one moment (P17). */
#include "idle.h"
#include "mc.h"

#define RESTS 2

static struct idle account;
static void (*set)(struct idle *i, u64 total, u64 since);

/* Each rest begins one after the total and makes that one more. */
static void owner_thread(void *unused)
{
    (void)unused;
    for (u64 n = 0; n < RESTS; n++) {
        set(&account, n, n + 1);
        set(&account, n + 1, 0);
    }
}

static void reader_thread(void *unused)
{
    struct idle seen = idle_read(&account);

    (void)unused;
    mc_check(!seen.since || seen.since == seen.total + 1, "a rest that its total has already, or lacks");
}

static void start(void)
{
    account = (struct idle){0};
    mc_thread("owner", owner_thread, NULL);
    mc_thread("reader", reader_thread, NULL);
}

static void setup(void)
{
    set = idle_set;
    start();
}

/* Mutant: no version. */
static void set_plainly(struct idle *i, u64 total, u64 since)
{
    at_store(&i->total, total);
    at_store(&i->since, since);
}

static void setup_plain(void)
{
    set = set_plainly;
    start();
}

int main(void)
{
    const struct mc_model m = {.setup = setup}, pso = {.setup = setup, .pso = true},
                          plain = {.setup = setup_plain};
    const char *wrong = "a rest that its total has already, or lacks";

    mc_holds("P17: total and start are of one moment", &m, NULL);
    mc_holds("P17: the same where stores to different words may pass each other", &pso, NULL);
    mc_fails("P17: without a version", &plain, NULL, wrong);
    mc_fails("P17: the stores pass the odd version", &pso, MC_MUTANTS({"idle_set", MC_FENCE_WR, 1, MC_DROP}),
             wrong);
    return mc_end();
}
