/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_steal.c: no guest uses a translation that another vCPU took back and left to the steal time area to be
 * forgotten (P16; A7-9, T-A-169).
 *
 * A vCPU caches an entry when it likes and uses it until told to forget. It is taken off its CPU and comes back.
 * Another one takes the entry away, asks for a flush in the byte if that says preempted, else interrupts and waits; and
 * frees the page. The area's page may be absent at any of the host's accesses.
 */
#include "pv_steal.c"
#include "mc.h"

#define STAYS    2u
#define ABSENCES 1u /* in a row */

static struct vm vm;
static struct vcpu vcpu = {.vm = &vm};
static struct pv_steal steal;
static u32 entry, freed, interrupt, handled; /* entry: 1 = maps the page */
static bool cached, flush;
static u32 absences;
static bool early; /* mutant: marked while it is in the guest */

void hw_flush(struct vcpu *v)
{
    (void)v;
    flush = true;
}

enum guest_access guest_at(struct vm *of, gpa_t at, guest_act *act, void *arg)
{
    (void)of;
    (void)at;
    if (absences < ABSENCES && mc_choose(2)) {
        absences++;
        return GUEST_ABSENT;
    }
    absences = 0;
    act(&steal, arg);
    return GUEST_OK;
}

/* The wait is left out; and nothing else brings the page in for the area's sake. */
void guest_bring(struct vcpu *v, gfn_t gfn)
{
    (void)v;
    (void)gfn;
}

struct slot *slot_find(struct vm *of, gfn_t gfn)
{
    (void)of;
    (void)gfn;
    return NULL;
}

void pager_load(struct vm *of, struct slot *s, gfn_t gfn, struct ticket *t)
{
    (void)of;
    (void)s;
    (void)gfn;
    (void)t;
}

static void touch(void)
{
    if (!cached)
        cached = at_load(&entry);
    if (cached)
        mc_check(!at_load(&freed), "a translation is used that was taken back");
}

static void handle(void)
{
    if (!at_load(&interrupt) || at_load(&handled))
        return;
    cached = false;
    at_store_rel(&handled, 1);
}

static void in_guest(void)
{
    handle();
    touch();
    handle();
    touch();
}

static void vcpu_thread(void *unused)
{
    (void)unused;
    for (u32 i = 0; i < STAYS; i++) {
        if (early)
            pv_steal_begin(&vcpu, 1);
        in_guest();
        pv_steal_begin(&vcpu, 1);
        while (!pv_steal_end(&vcpu, 1))
            pv_steal_begin(&vcpu, 1); /* the page is there again, and its CPU runs another one */
        if (flush)
            cached = false;
        flush = false;
    }
    in_guest();
    while (!at_load(&freed)) {
        handle();
        if (!at_load(&freed))
            at_relax();
    }
}

/* As Linux does it. */
static void other_thread(void *unused)
{
    u8 was = PV_STEAL_PREEMPTED;

    (void)unused;
    at_store(&entry, 0);
    if (!at_cas(&steal.preempted, &was, (u8)(PV_STEAL_PREEMPTED | PV_STEAL_FLUSH))) {
        at_store(&interrupt, 1);
        while (!at_load(&handled))
            at_relax();
    }
    at_store(&freed, 1);
}

static void start(void)
{
    vcpu.stolen = (struct pv_stolen){.msr = PV_STEAL_ON};
    vcpu.due = 0;
    steal = (struct pv_steal){.steal = 0};
    entry = 1;
    freed = interrupt = handled = absences = 0;
    cached = flush = false;
    mc_thread("vcpu", vcpu_thread, NULL);
    mc_thread("other", other_thread, NULL);
}

static void setup(void)
{
    early = false;
    start();
}

static void setup_early(void)
{
    early = true;
    start();
}

int main(void)
{
    const struct mc_model m = {.setup = setup}, pso = {.setup = setup, .pso = true},
                          e = {.setup = setup_early};

    mc_holds("A7-9: what is left to the area is forgotten before the vCPU runs", &m, NULL);
    mc_holds("A7-9: the same where stores to different words may pass each other", &pso, NULL);
    mc_fails("P16: the byte taken by load and store loses a flush", &m,
             MC_MUTANTS({"update", MC_XCHG, 1, MC_PLAIN}), "a translation is used that was taken back");
    mc_fails("P16: the byte set by load and store loses a flush", &m,
             MC_MUTANTS({"mark", MC_XCHG, 1, MC_PLAIN}), "a translation is used that was taken back");
    mc_fails("P16: preempted while it still runs", &e, NULL, "a translation is used that was taken back");
    return mc_end();
}
