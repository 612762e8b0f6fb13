/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_flush.c: when flush_all() returns, no guest uses a translation from before (SPEC B7-22, B7-23, H-B-14).
 *
 * The guest's CPU caches an entry when it likes and uses it until told to forget; it stays in the guest until it is
 * interrupted. Two owners, at the same time, each take an entry away, flush, and free the frame.
 */
#include "flush.c"
#include "mc.h"

#define FRAMES 2u

static struct vcpu vcpu;
static struct vm vm = {.vcpu = {&vcpu}, .vcpus = 1};
static u32 interrupt, entry[FRAMES], freed; /* entry: 1 = maps its frame; freed: bit per frame */
static bool cached[FRAMES];                 /* the TLB */
static void (*flush)(struct vm *vm);

void port_kick(unsigned cpu)
{
    (void)cpu;
    at_or(&interrupt, 1);
}

static void touch(unsigned i)
{
    if (!cached[i])
        cached[i] = at_load(&entry[i]);
    if (cached[i])
        mc_check(!(at_load(&freed) & 1u << i), "the guest uses a freed frame");
}

static void in_guest(void)
{
    touch(0);
    touch(mc_choose(FRAMES));
    while (!at_load(&interrupt) && at_load(&freed) != BIT(FRAMES) - 1)
        at_relax();
    at_and(&interrupt, 0);
}

static void vcpu_thread(void *unused)
{
    (void)unused;
    do {
        do
            if (req_take(&vcpu.pub) & REQ_FLUSH)
                cached[0] = cached[1] = false;
        while (!req_go(&vcpu.pub, MODE_IN_GUEST));
        in_guest();
        req_back(&vcpu.pub);
    } while (at_load(&freed) != BIT(FRAMES) - 1);
}

static void owner_thread(void *arg)
{
    u32 *mine = arg;

    at_store(mine, 0);
    flush(&vm);
    at_or(&freed, 1u << (mine - entry));
}

static void setup(void)
{
    vcpu.pub = (struct vcpu_pub){.sipi = SIPI_NONE};
    vm.flush_generation = 0;
    interrupt = freed = 0;
    entry[0] = entry[1] = 1;
    cached[0] = cached[1] = false;
    flush = flush_all;
    mc_thread("vcpu", vcpu_thread, NULL);
    mc_thread("owner a", owner_thread, &entry[0]);
    mc_thread("owner b", owner_thread, &entry[1]);
}

/* Mutant: an interrupt sent is taken for an interrupt taken. */
static void flush_without_wait(struct vm *of)
{
    if (req_raise(&of->vcpu[0]->pub, REQ_FLUSH))
        port_kick(0);
}

static void setup_without_wait(void)
{
    setup();
    flush = flush_without_wait;
}

/* Mutant: waits for the mode to leave IN_GUEST instead of for the stay to end. */
static void flush_by_mode(struct vm *of)
{
    struct vcpu_pub *p = &of->vcpu[0]->pub;

    if (req_raise(p, REQ_FLUSH))
        port_kick(0);
    while (req_mode(p) & MODE_IN_GUEST)
        at_relax();
}

static void setup_by_mode(void)
{
    setup();
    flush = flush_by_mode;
}

int main(void)
{
    const struct mc_model m = {.setup = setup}, pso = {.setup = setup, .pso = true};
    const struct mc_model without_wait = {.setup = setup_without_wait}, by_mode = {.setup = setup_by_mode};
    const char *used = "the guest uses a freed frame";

    mc_holds("B7-22: no use of a freed frame after two flushes at once", &m, NULL);
    mc_holds("B7-22: the same where stores to different words may pass each other", &pso, NULL);
    mc_fails("B7-22: not waiting for the guest to leave", &without_wait, NULL, used);
    mc_fails("B7-22: waiting for a moment outside instead of the end of the stay", &by_mode, NULL,
             "deadlock");
    mc_fails("B7-23: no barrier before the last look at the requests", &m,
             MC_MUTANTS({"req_go", MC_FENCE, 1, MC_DROP}), used);
    mc_fails("B7-22: no interrupt sent", &m, MC_MUTANTS({"port_kick", MC_OR, 1, MC_DROP}), "deadlock");
    mc_fails("B7-20: request neither locked nor followed by a barrier", &m,
             MC_MUTANTS({"req_raise", MC_OR, 1, MC_PLAIN}, {"req_raise", MC_FENCE, 1, MC_DROP},
                        {"request_all", MC_ADD, 1, MC_PLAIN}),
             used);
    return mc_end();
}
