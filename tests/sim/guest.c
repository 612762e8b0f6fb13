/* SPDX-License-Identifier: BSD-2-Clause */
/* guest.c: what a guest does next: its tasks' work, and when it has done enough. */
#include "guest.h"
#include "debts.h"
#include "hw_vcpu.h"
#include "pages.h"
#include "swarm.h"
#include "trace.h"
#include "abi/faultline.h"
#include "abi/kvm_apf.h"
#include "abi/kvm_hypercall.h"
#include "abi/kvm_msr.h"
#include "abi/platform.h"

#define MSR_SVR       (X2APIC_MSR_FIRST + 0x0f)
#define MSR_ICR       (X2APIC_MSR_FIRST + 0x30)
#define MSR_LVT_TIMER (X2APIC_MSR_FIRST + 0x32)
#define MSR_TIMER     (X2APIC_MSR_FIRST + 0x38)
#define MSR_SELF      (X2APIC_MSR_FIRST + 0x3f)
#define SVR_ON        0x1ffull
#define SVR_OFF       0x0ffull
#define ICR_NMI       0x400ull
#define TIMER_NS_MAX  200000ull
#define CLOSED_MAX    6
#define STATS_AT      0xa00ull /* where in a page the host writes its counters */

struct guest guest[VCPU_MAX];

static unsigned finished;

void guests_reset(void)
{
    finished = 0;
    owner_reset();
    for (unsigned i = 0; i < swarm.vcpus; i++) {
        struct guest *g = &guest[i];

        *g = (struct guest){.lapic_on = true, .last_run = machine.now};
        for (unsigned t = 0; t < swarm.tasks; t++)
            g->task[t].base = (unsigned)rng_below(&machine.rng, pages_count());
        guest_wrmsr(g, MSR_LVT_TIMER, VECTOR_TIMER);
    }
}

static bool chance(u32 rate)
{
    return rng_chance(&machine.rng, rate);
}

static u64 below(u64 n)
{
    return rng_below(&machine.rng, n);
}

void guest_wrmsr(struct guest *g, u32 msr, u64 value)
{
    check(g->script_count < SCRIPT_MAX, "the script holds all that is planned");
    g->script[g->script_count++] = (struct insn){.kind = INSN_WRMSR, .nr = msr, .arg = {value}};
}

static void wait_a_little(struct guest *g)
{
    for (u64 n = below(4); n; n--)
        g->script[g->script_count++].kind = INSN_PAUSE;
}

void guest_apf_on(struct vcpu *v)
{
    u64 en = guest_slot(v).v | APF_EN_ON | (swarm.always ? APF_EN_ALWAYS : 0) |
             (swarm.by_exception ? 0 : APF_EN_INT);

    if (swarm.apf == FL_APF_NONE)
        return;
    if (swarm.apf != FL_APF_LEGACY)
        guest_wrmsr(guest_of(v), PV_MSR_APF_VEC, VECTOR_APF | (swarm.pf2 ? APF_PF2_ON : 0));
    guest_wrmsr(guest_of(v), PV_MSR_APF_EN, en);
}

void guest_apf_toggle(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    guest_wrmsr(g, PV_MSR_APF_EN, 0);
    wait_a_little(g);
    g->script[g->script_count++].kind = INSN_CLEAR_SLOT;
    wait_a_little(g);
    guest_apf_on(v);
}

/* Software disable masks the timer's vector for good. */
static void lapic_toggle(struct guest *g)
{
    guest_wrmsr(g, MSR_SVR, SVR_OFF);
    wait_a_little(g);
    guest_wrmsr(g, MSR_SVR, SVR_ON);
    guest_wrmsr(g, MSR_LVT_TIMER, VECTOR_TIMER);
}

static struct insn arm_timer(void)
{
    return (struct insn){.kind = INSN_WRMSR, .nr = MSR_TIMER, .arg = {1 + below(TIMER_NS_MAX)}};
}

/* Interrupts would not end it, or nothing need come: no HLT now. */
static bool may_halt(const struct vcpu *v)
{
    const struct guest *g = guest_of(v);

    return !g->closed && !g->raised && g->lapic_on && debt_is(DEBT_IRQ, v->id, VECTOR_TIMER);
}

static struct insn interrupt(const struct vcpu *v)
{
    u64 to = below(v->vm->vcpus);

    if (chance(swarm.nmi))
        return (struct insn){.kind = INSN_WRMSR, .nr = MSR_ICR, .arg = {to << 32 | ICR_NMI}};
    return (struct insn){.kind = INSN_WRMSR, .nr = MSR_ICR, .arg = {to << 32 | VECTOR_IPI}};
}

/* Something other than memory: rarely, and INSN_NONE otherwise. */
static struct insn errand(struct vcpu *v)
{
    struct guest *g = guest_of(v);
    struct insn i = owner_errand(v);

    if (i.kind != INSN_NONE)
        return i;
    if (chance(swarm.stats))
        return (struct insn){
            .kind = INSN_CALL,
            .nr = FL_HC_STATS,
            .arg = {gfn_gpa(page_gfn((unsigned)below(swarm.anonymous))).v + STATS_AT, below(2)}};
    if (chance(swarm.ipi))
        return interrupt(v);
    if (chance(swarm.self_ipi))
        return (struct insn){.kind = INSN_WRMSR, .nr = MSR_SELF, .arg = {VECTOR_SELF}};
    if (chance(swarm.timer) && !debt_is(DEBT_IRQ, v->id, VECTOR_TIMER))
        return arm_timer();
    if (chance(swarm.halt))
        return may_halt(v) ? (struct insn){.kind = INSN_HLT} : (struct insn){.kind = INSN_PAUSE};
    if (chance(swarm.pause))
        return (struct insn){.kind = INSN_PAUSE};
    if (chance(swarm.leave_flush))
        return (struct insn){.kind = INSN_FLUSH, .nr = (u32)below(v->vm->vcpus)};
    if (chance(swarm.yield))
        return (struct insn){.kind = INSN_CALL, .nr = PV_HC_YIELD, .arg = {below(v->vm->vcpus)}};
    if (chance(swarm.bad))
        return (struct insn){.kind = INSN_WRMSR, .nr = PV_MSR_APF_EN, .arg = {0x30}, .fails = true};
    if (chance(swarm.apf_toggle) && swarm.apf != FL_APF_NONE)
        guest_apf_toggle(v);
    else if (chance(swarm.lapic_toggle))
        lapic_toggle(g);
    return (struct insn){.kind = INSN_NONE};
}

/* A working set that moves on leaves no page untouched. */
static struct insn memory_access(struct task *t)
{
    u64 kind = below(100);
    unsigned page = t->base + (unsigned)below(swarm.working_set);

    if (!t->left--) {
        t->left = (unsigned)below(swarm.drift);
        page = t->base++;
    }
    t->cpl = swarm.user && below(2) ? 3 : 0;
    return (struct insn){.kind = INSN_ACCESS,
                         .page = page % pages_count(),
                         .access = kind < swarm.write                   ? ACCESS_WRITE
                                   : kind < swarm.write + swarm.execute ? ACCESS_EXEC
                                                                        : ACCESS_READ};
}

/* For a few instructions interrupts, or those of low priority, have to wait. */
static void close_for_a_while(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    if (!g->closed && chance(swarm.closed)) {
        g->closed = 1 + (unsigned)below(CLOSED_MAX);
        v->hw->intr_flag = false;
    }
    if (!g->raised && chance(swarm.priority)) {
        g->raised = 1 + (unsigned)below(CLOSED_MAX);
        v->hw->tpr = (u8)(below(16) << 4);
    }
}

bool guest_ready(const struct guest *g)
{
    for (unsigned i = 0; i < swarm.tasks; i++)
        if (!g->task[i].token)
            return true;
    return false;
}

/* Some task that can run is in the middle of an access. */
static bool half_done(const struct guest *g)
{
    for (unsigned i = 0; i < swarm.tasks; i++)
        if (!g->task[i].token && g->task[i].insn.kind == INSN_ACCESS)
            return true;
    return false;
}

static bool owed_nothing(const struct vcpu *v)
{
    const struct guest *g = guest_of(v);

    for (unsigned i = 0; i < swarm.tasks; i++)
        if (g->task[i].token)
            return false;
    return swarm.never_ack || !debt_count(DEBT_TOKEN, v->id);
}

static bool enough(const struct vcpu *v)
{
    u64 sum = 0;

    for (unsigned i = 0; i < v->vm->vcpus; i++)
        sum += guest[i].operations;
    return swarm.abrupt && sum > swarm.operations * v->vm->vcpus / 2;
}

/* Nothing to do but wait; a guest that does not acknowledge has to help itself to its events. */
static struct insn wait(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    if (swarm.never_ack && g->apf_on && !guest_ready(g)) {
        if (!debt_is(DEBT_IRQ, v->id, VECTOR_TIMER))
            return arm_timer();
        if (!below(3))
            guest_apf_toggle(v);
    }
    return g->closed || g->raised || g->script_count ? (struct insn){.kind = INSN_PAUSE}
                                                     : (struct insn){.kind = INSN_HLT};
}

static struct insn finish(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    if (half_done(g))
        return (struct insn){.kind = INSN_PAUSE};
    if (!g->done && owed_nothing(v)) {
        g->done = true;
        trace("the guest of vcpu %lu has done enough%.0lu%.0lu", v->id, 0, 0);
        if (++finished == v->vm->vcpus)
            return (struct insn){.kind = INSN_OUT};
    }
    return wait(v);
}

static struct insn fetch(struct vcpu *v, struct task *t)
{
    struct guest *g = guest_of(v);
    struct insn i;

    if (enough(v))
        return (struct insn){.kind = INSN_OUT};
    if (g->operations >= swarm.operations || machine.point > swarm.enough)
        return finish(v);
    close_for_a_while(v);
    i = errand(v);
    if (i.kind == INSN_NONE && !g->script_count)
        i = memory_access(t);
    return i;
}

/* The task to go on with, NULL if all are parked. */
static struct task *choose(struct guest *g)
{
    unsigned at = below(8) ? g->current : (unsigned)below(swarm.tasks);

    for (unsigned i = 0; i < swarm.tasks; i++) {
        g->current = (at + i) % swarm.tasks;
        if (!g->task[g->current].token)
            return &g->task[g->current];
    }
    return NULL;
}

static void count_down(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    v->hw->shadow = false;
    if (g->closed && !--g->closed)
        v->hw->intr_flag = v->hw->shadow = true; /* STI */
    if (g->raised && !--g->raised)
        v->hw->tpr = 0;
}

bool player_step(struct vcpu *v, struct exit *e)
{
    struct guest *g = guest_of(v);
    struct task *t;
    struct insn *i;

    guest_check_flushed(v);
    g->last_run = machine.now;
    g->in_module = false;
    v->hw->nmi_open = true; /* an NMI's handler is one instruction long */
    if (g->phase != OPEN)
        return handler_step(v, e);
    if (g->issued && g->issued->kind == INSN_HLT) /* in the shadow of STI: nothing comes before it */
        return insn_execute(v, g->issued, e);
    count_down(v);
    v->hw->cpl = 0;
    if (g->script_at < g->script_count)
        return insn_execute(v, &g->script[g->script_at], e);
    g->script_at = g->script_count = 0;
    t = choose(g);
    i = t ? &t->insn : &g->idle;
    if (i->kind == INSN_NONE)
        *i = t ? fetch(v, t) : wait(v);
    if (i->kind == INSN_ACCESS)
        v->hw->cpl = t->cpl;
    return i->kind != INSN_NONE && insn_execute(v, i, e);
}

gfn_t player_guess(struct vcpu *v)
{
    const struct guest *g = guest_of(v);
    const struct task *t = &g->task[below(swarm.tasks)];

    if (!below(8))
        return gpa_gfn(guest_slot(v));
    return page_gfn((t->base + (unsigned)below(swarm.working_set)) %
                    (swarm.move ? swarm.anonymous : pages_count()));
}
