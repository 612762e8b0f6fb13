/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_request.c: no request is overlooked by a vCPU that enters the guest or sleeps (SPEC B7-20..23, H-B-17,
 * H-B-18).
 *
 * The vCPU's CPU serves requests and goes away until it is interrupted; it is done once every request was
 * served. A request that nobody notices is a CPU that is never interrupted: a deadlock.
 */
#include "req.h"
#include "mc.h"

struct raiser {
    u32 req, data; /* data: what the request announces */
};

static struct vcpu_pub pub;
static u32 interrupt; /* latched by the CPU until it accepts interrupts */
static struct raiser raisers[2];
static bool (*go)(struct vcpu_pub *p, u32 where);
static u32 (*raise_req)(struct vcpu_pub *p, u32 req);

static void raise_thread(void *arg)
{
    struct raiser *r = arg;

    at_store(&r->data, 1);
    if (raise_req(&pub, r->req))
        at_store(&interrupt, 1);
}

static u32 serve(void)
{
    u32 taken = req_take(&pub);

    for (u32 i = 0; i < ARRAY_SIZE(raisers); i++)
        if (taken & raisers[i].req)
            mc_check(at_load(&raisers[i].data), "a request without its data");
    return taken;
}

static void vcpu_thread(void *unused)
{
    u32 served = serve();

    (void)unused;
    while (served != (REQ_EVENT | REQ_DONE)) {
        if (go(&pub, mc_choose(2) ? MODE_IN_GUEST : MODE_BLOCKED)) {
            mc_check(!pub.requests, "entered with a request set");
            while (!at_xchg(&interrupt, 0))
                at_relax();
            req_back(&pub);
        }
        served |= serve();
    }
}

static void start(void)
{
    pub = (struct vcpu_pub){.sipi = SIPI_NONE};
    interrupt = 0;
    raisers[0] = (struct raiser){.req = REQ_EVENT};
    raisers[1] = (struct raiser){.req = REQ_DONE};
    mc_thread("vcpu", vcpu_thread, NULL);
    mc_thread("raiser a", raise_thread, &raisers[0]);
    mc_thread("raiser b", raise_thread, &raisers[1]);
}

static void setup(void)
{
    go = req_go;
    raise_req = req_raise;
    start();
}

/* Mutant: the bits are looked at before the mode is set. */
static bool go_looks_first(struct vcpu_pub *p, u32 where)
{
    if (at_load(&p->requests))
        return false;
    at_store(&p->mode, at_load(&p->mode) | where);
    at_fence();
    return true;
}

/* Mutant: the mode is looked at before the bit is set. */
static u32 raise_looks_first(struct vcpu_pub *p, u32 req)
{
    u32 mode = at_load(&p->mode);

    at_or(&p->requests, req);
    at_fence();
    return mode & (MODE_IN_GUEST | MODE_BLOCKED);
}

static void setup_go_looks_first(void)
{
    go = go_looks_first;
    raise_req = req_raise;
    start();
}

static void setup_raise_looks_first(void)
{
    go = req_go;
    raise_req = raise_looks_first;
    start();
}

int main(void)
{
    const struct mc_model m = {.setup = setup}, pso = {.setup = setup, .pso = true};
    const struct mc_model early_entry = {.setup = setup_go_looks_first};
    const struct mc_model early_raise = {.setup = setup_raise_looks_first};

    mc_holds("H-B-17: every request is served, nobody enters with one set", &m, NULL);
    mc_holds("H-B-17: the same where stores to different words may pass each other", &pso, NULL);
    mc_fails("H-B-18: no barrier between mode store and request load", &m,
             MC_MUTANTS({"req_go", MC_FENCE, 1, MC_DROP}), "deadlock");
    mc_holds("B7-20: the raiser's locked OR is a barrier by itself here", &m,
             MC_MUTANTS({"req_raise", MC_FENCE, 1, MC_DROP}));
    mc_fails("B7-20: with neither locked OR nor barrier", &m,
             MC_MUTANTS({"req_raise", MC_OR, 1, MC_PLAIN}, {"req_raise", MC_FENCE, 1, MC_DROP}), "deadlock");
    mc_fails("B7-20: a bit set by load and store is lost", &m, MC_MUTANTS({"req_raise", MC_OR, 1, MC_PLAIN}),
             "deadlock");
    mc_fails("B7-20: requests taken by load and store are lost", &m,
             MC_MUTANTS({"req_take", MC_XCHG, 1, MC_PLAIN}), "deadlock");
    mc_fails("B7-23: request bits looked at before the mode is set", &early_entry, NULL,
             "entered with a request set");
    mc_fails("B7-23: mode looked at before the bit is set", &early_raise, NULL, "deadlock");
    return mc_end();
}
