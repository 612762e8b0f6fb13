/* SPDX-License-Identifier: BSD-2-Clause */
/* hw_run.c: guest mode: entry with its flush and its event, instructions, and all that makes it end. */
#include "frames.h"
#include "hw.h"
#include "hw_vcpu.h"
#include "machine.h"
#include "sim_atomic.h"

void *hw_reach(struct vcpu *v, gpa_t gpa, u32 access, struct exit *e)
{
    pfn_t pfn;

    if (!tlb_translate(v, gpa_gfn(gpa), access, false, &pfn)) {
        *e = (struct exit){.kind = EXIT_TDP, .tdp = {.gpa = gpa, .access = access}};
        return NULL;
    }
    sim_point(); /* the frame may go while we are on our way to it; it must not, as long as we are in the guest */
    player_reaches(v, gpa_gfn(gpa), pfn, access);
    return (u8 *)frame_bytes(pfn_hpa(pfn)) + (gpa.v & PAGE_MASK);
}

/* What hardware may do at any time without being asked. */
static void speculate(struct vcpu *v)
{
    pfn_t pfn;

    if (rng_chance(&machine.rng, machine.config.evict))
        tlb_lose(&v->hw->tlb);
    if (rng_chance(&machine.rng, machine.config.fill))
        (void)!tlb_translate(v, player_guess(v), ACCESS_READ, true, &pfn);
}

/* The guest takes the event of this entry, unless its delivery faults: then it stays (EXITINTINFO). */
static bool deliver(struct vcpu *v, struct exit *e)
{
    struct hw_vcpu *h = v->hw;
    struct model_event ev = h->pending;

    if (ev.kind == EVENT_NONE)
        return true;
    if (rng_chance(&machine.rng, machine.config.event_page) &&
        !hw_reach(v, gfn_gpa(player_guess(v)), ACCESS_WRITE, e))
        return false;
    h->pending.kind = EVENT_NONE;
    h->shadow = false;
    player_event(v, &ev);
    return true;
}

static bool window_open(const struct vcpu *v)
{
    return v->hw->window >= 0 && hw_intr_open(v) && v->hw->window >> 4 > v->hw->tpr >> 4;
}

static void enter(struct vcpu *v)
{
    struct hw_vcpu *h = v->hw;

    if (h->flush) {
        tlb_flush(&h->tlb);
        h->flushes++;
        h->flush = false;
        h->flushed = v->flush_seen;
    }
    check(h->flushed == v->flush_seen, "a flush that was asked for happens before the guest runs (C13-15)");
}

static void run(struct vcpu *v, struct exit *e)
{
    struct model_cpu *cpu = machine.running;

    if (!deliver(v, e))
        return;
    for (;;) {
        sim_point();
        if (machine_interrupted(cpu)) {
            machine_acknowledge(cpu);
            e->kind = EXIT_INTR;
            return;
        }
        if (window_open(v)) {
            e->kind = EXIT_WINDOW;
            return;
        }
        speculate(v);
        if (player_step(v, e))
            return;
    }
}

void hw_run(struct vcpu *v, struct exit *e)
{
    check(machine_cpu(machine.running) == v->cpu, "a vCPU runs on its own CPU");
    *e = (struct exit){.kind = EXIT_BAD};
    enter(v);
    machine.running->guest = v;
    run(v, e);
    machine.running->guest = NULL;
}
