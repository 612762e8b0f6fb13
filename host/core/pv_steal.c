/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_steal.c: the steal time area: marked when a vCPU is passed over, brought up to date before it runs again. */
#include "pv_steal.h"
#include "vm.h"
#include "guestmem.h"
#include "hw.h"
#include "abi/kvm_msr.h"
#include "abi/kvm_steal.h"

static gpa_t area(const struct vcpu *v)
{
    return (gpa_t){v->stolen.msr & ~(u64)(PV_STEAL_ON | PV_STEAL_RSVD)};
}

/* Nobody runs the vCPU: what the byte asked for until now is done before anybody does. */
static void mark(void *at, void *vcpu)
{
    struct pv_steal *s = at;

    if (at_xchg(&s->preempted, PV_STEAL_PREEMPTED) & PV_STEAL_FLUSH)
        hw_flush(vcpu);
}

/*
 * P16: whoever changed a translation and still found the vCPU preempted has his flush done here; whoever comes later
 * finds 0 and sends an interrupt.
 */
static void update(void *at, void *vcpu)
{
    struct pv_steal *s = at;
    struct vcpu *v = vcpu;
    u32 version = (at_load(&s->version) + 1) | 1;

    if (at_xchg(&s->preempted, 0) & PV_STEAL_FLUSH)
        hw_flush(v);
    at_store(&s->version, version);
    at_fence_wr(); /* the guest reads version, time, version */
    at_store(&s->steal, at_load(&s->steal) + v->stolen.owed);
    at_store_rel(&s->version, version + 1);
    v->stolen.owed = 0;
    v->stolen.marked = false;
}

static enum guest_access refresh(struct vcpu *v)
{
    return guest_at(v->vm, area(v), update, v);
}

/* Not worth a wait: when the page is there the time is added. */
static void want(struct vcpu *v)
{
    gfn_t gfn = gpa_gfn(area(v));
    struct slot *s = slot_find(v->vm, gfn);

    if (!s || v->stolen.wanted)
        return;
    v->stolen.wanted = true;
    pager_load(v->vm, s, gfn, &v->apf.tickets.area);
}

off_path void pv_steal_begin(struct vcpu *v, u64 now)
{
    struct pv_stolen *t = &v->stolen;

    if (!(t->msr & PV_STEAL_ON) || t->since)
        return;
    t->since = now;
    v->due |= DUE_STEAL;
    if (guest_at(v->vm, area(v), mark, v) == GUEST_OK)
        t->marked = true;
}

off_path bool pv_steal_end(struct vcpu *v, u64 now)
{
    struct pv_stolen *t = &v->stolen;

    if (t->since)
        t->owed += now - t->since;
    t->since = 0;
    switch (refresh(v)) {
    case GUEST_ABSENT:
        if (t->marked) {
            guest_bring(v, gpa_gfn(area(v)));
            return false;
        }
        want(v);
        break;
    case GUEST_OK:
    case GUEST_HOLE: /* not memory any more: nobody can ask for anything in it */
        t->marked = false;
    }
    v->due &= ~DUE_STEAL;
    return true;
}

void pv_steal_there(struct vcpu *v)
{
    struct pv_stolen *t = &v->stolen;

    t->wanted = false;
    if ((t->msr & PV_STEAL_ON) && !(v->due & DUE_STEAL))
        (void)refresh(v); /* gone again: at the end of the next theft */
}

static enum outcome write(struct vcpu *v, u64 value)
{
    struct pv_stolen *t = &v->stolen, before = *t;
    gfn_t gfn;

    if (value & PV_STEAL_RSVD)
        return OUTCOME_GP;
    t->msr = value;
    if (!(value & PV_STEAL_ON))
        return OUTCOME_DONE;
    gfn = gpa_gfn(area(v));
    switch (refresh(v)) {
    case GUEST_OK:
        return OUTCOME_DONE;
    case GUEST_ABSENT:
        *t = before;
        guest_bring(v, gfn);
        return OUTCOME_AGAIN;
    case GUEST_HOLE:
        break;
    }
    *t = before;
    return OUTCOME_GP;
}

enum outcome pv_steal_msr(struct vcpu *v, struct exit *e)
{
    if (e->msr.write)
        return write(v, e->msr.value);
    e->msr.value = v->stolen.msr;
    return OUTCOME_DONE;
}

/* The ticket, if it is out, still comes back. */
void pv_steal_reset(struct vcpu *v)
{
    v->stolen = (struct pv_stolen){.wanted = v->stolen.wanted};
    v->due &= ~DUE_STEAL;
}
