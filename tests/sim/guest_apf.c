/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_apf.c: how a guest takes events: it parks and wakes tasks by what the slot says, acknowledges, and returns. */
#include "guest.h"
#include "debts.h"
#include "hw.h"
#include "pages.h"
#include "seen.h"
#include "swarm.h"
#include "trace.h"
#include "abi/kvm_apf.h"
#include "abi/kvm_msr.h"

#define MSR_EOI (X2APIC_MSR_FIRST + 0x0b)
#define SLOT_AT 0x800ull /* where in its page the slot lies */

gpa_t guest_slot(const struct vcpu *v)
{
    return (gpa_t){gfn_gpa(page_gfn(v->id % swarm.anonymous)).v + SLOT_AT + v->id * sizeof(struct apf_slot)};
}

void guest_wake_all(struct guest *g)
{
    for (unsigned i = 0; i < swarm.tasks; i++)
        g->task[i].token = 0;
}

/* The task that faulted waits for `token`. */
static void park(struct vcpu *v, u32 token)
{
    struct guest *g = guest_of(v);
    struct task *t = &g->task[g->current];

    trace("vcpu %lu: task %lu parks on token 0x%lx", v->id, g->current, token);
    if (!token || token == APF_TOKEN_WAKE_ALL || debt_is(DEBT_TOKEN, v->id, token))
        machine_violation("H-A-2", "vcpu %u: token 0x%x is told not-present, and is outstanding", v->id,
                          token);
    if (t->token || g->script_count)
        machine_violation("H-A-7", "vcpu %u: not-present for something that cannot park", v->id);
    if (g->event_cpl != 3 && !swarm.always)
        machine_violation("A1-12", "vcpu %u: not-present at CPL 0, not asked for", v->id);
    debt_add(DEBT_TOKEN, v->id, token, machine.now);
    seen[SEEN_TOLD]++;
    t->token = token;
}

/* After wake-all a token may be reported whose task runs already. */
static void wake(struct vcpu *v, u32 token)
{
    struct guest *g = guest_of(v);

    trace("vcpu %lu: token 0x%lx is ready%.0lu", v->id, token, 0);
    if (token == APF_TOKEN_WAKE_ALL) {
        seen[SEEN_WAKE_ALL]++;
        guest_wake_all(g);
        return;
    }
    if (debt_pay(DEBT_TOKEN, v->id, token))
        seen[SEEN_READY]++;
    else if (g->apf_on)
        machine_violation("H-A-2", "vcpu %u: ready for token 0x%x, which was not outstanding", v->id, token);
    for (unsigned i = 0; i < swarm.tasks; i++)
        if (g->task[i].token == token)
            g->task[i].token = 0;
}

static bool read_pf(struct vcpu *v, struct exit *e)
{
    struct guest *g = guest_of(v);
    u32 *word = hw_reach(v, guest_slot(v), ACCESS_WRITE, e), token = (u32)g->event.cr2;

    if (!word)
        return true;
    if (!word[0] || (swarm.pf2 && word[1] != token))
        machine_violation("H-A-7", "vcpu %u: #PF with token 0x%x, but the slot says 0x%x 0x%x", v->id, token,
                          word[0], word[1]);
    if (word[0] == APF_REASON_NOT_PRESENT)
        park(v, token);
    else
        wake(v, token);
    word[0] = 0;
    g->phase = swarm.pf2 && !swarm.never_ack ? ACK : IRET;
    return false;
}

static bool read_irq(struct vcpu *v, struct exit *e)
{
    struct guest *g = guest_of(v);
    u32 *word, token;

    if (g->event.vector == VECTOR_APF) {
        word = hw_reach(v, guest_slot(v), ACCESS_WRITE, e);
        if (!word)
            return true;
        token = swarm.pf2 && word[0] != APF_REASON_READY ? 0 : word[1];
        if (token)
            wake(v, token);
        if (token)
            word[swarm.pf2 ? 0 : 1] = 0;
    }
    g->phase = g->event.vector == VECTOR_APF && !swarm.never_ack ? ACK : EOI;
    return false;
}

static void iret(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    g->phase = OPEN;
    v->hw->intr_flag = true;
    v->hw->cpl = g->event_cpl;
}

static bool write_msr(struct vcpu *v, u32 msr, u64 value, struct exit *e)
{
    struct guest *g = guest_of(v);

    g->handler = (struct insn){.kind = INSN_WRMSR, .nr = msr, .arg = {value}};
    return insn_execute(v, &g->handler, e);
}

static bool end_interrupt(struct vcpu *v, struct exit *e)
{
    switch (guest_end_by_word(v, e)) {
    case EOI_DONE:
        guest_of(v)->phase = IRET;
        return false;
    case EOI_LEAVES:
        return true;
    case EOI_BY_REGISTER:
        break;
    }
    return write_msr(v, MSR_EOI, 0, e);
}

bool handler_step(struct vcpu *v, struct exit *e)
{
    struct guest *g = guest_of(v);

    v->hw->cpl = 0;
    v->hw->shadow = false;
    switch (g->phase) {
    case OPEN:
        return false;
    case PF_READ:
        return read_pf(v, e);
    case IRQ_READ:
        return read_irq(v, e);
    case ACK:
        return write_msr(v, PV_MSR_APF_ACK, APF_ACK_READY, e);
    case EOI:
        return end_interrupt(v, e);
    case IRET:
        iret(v);
        return false;
    }
    return false;
}

void handler_complete(struct vcpu *v)
{
    struct guest *g = guest_of(v);

    g->phase = g->phase == ACK && g->event.kind == EVENT_IRQ ? EOI : IRET;
}

/* H-A-7, A1-12: at this boundary the guest can take it, and the slot says already why it comes. */
void player_inject(struct vcpu *v, const struct model_event *ev)
{
    const struct guest *g = guest_of(v);

    trace("vcpu %lu: event %lu is injected, 0x%lx", v->id, ev->kind,
          ev->kind == EVENT_PF ? ev->cr2 : ev->vector);
    if (ev->kind == EVENT_PF && (g->phase != OPEN || !hw_intr_open(v) || !g->apf_on))
        machine_violation("H-A-7",
                          "vcpu %u: #PF with token 0x%lx where it cannot be taken (phase %u, IF %u, APF %u)",
                          v->id, ev->cr2, g->phase, v->hw->intr_flag, g->apf_on);
}

static void take_interrupt(struct vcpu *v, const struct model_event *ev)
{
    struct guest *g = guest_of(v);

    if (ev->kind == EVENT_IRQ) {
        bool known = ev->vector == VECTOR_APF || ev->vector == VECTOR_IPI || ev->vector == VECTOR_SELF ||
                     ev->vector == VECTOR_TIMER;

        if (!known)
            machine_violation("guest", "vcpu %u: interrupt 0x%x, which nobody sent", v->id, ev->vector);
        debt_pay(DEBT_IRQ, v->id, ev->vector);
    }
    if (g->phase != OPEN || !v->hw->intr_flag)
        machine_violation("H-A-7", "vcpu %u: event %u with interrupts closed", v->id, ev->kind);
    g->event = *ev;
    g->event_cpl = v->hw->cpl;
    v->hw->intr_flag = false;
    g->phase = ev->kind == EVENT_PF ? PF_READ : IRQ_READ;
}

void player_event(struct vcpu *v, const struct model_event *ev)
{
    struct guest *g = guest_of(v);

    switch (ev->kind) {
    case EVENT_NONE:
        return;
    case EVENT_NMI:
        debt_pay(DEBT_NMI, v->id, 0);
        return;
    case EVENT_GP:
    case EVENT_UD:
        if (!g->issued->fails)
            machine_violation("guest", "vcpu %u: an instruction failed that should not: kind %u, 0x%x", v->id,
                              g->issued->kind, g->issued->nr);
        g->issued->kind = INSN_NONE;
        return;
    case EVENT_PF:
    case EVENT_IRQ:
        take_interrupt(v, ev);
        return;
    }
}
