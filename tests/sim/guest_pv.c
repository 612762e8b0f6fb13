/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_pv.c: what guests do with steal time areas and words for ends of interrupts (A7-6, A7-7, A7-9).
 *
 * Of guest virtual addresses nothing is modelled: that the flush which one vCPU leaves to the host for another one has
 * been done when that one runs again is looked at itself (T-A-169).
 */
#include "guest.h"
#include "hw_vcpu.h"
#include "pages.h"
#include "seen.h"
#include "swarm.h"
#include "trace.h"
#include "abi/kvm_msr.h"
#include "abi/kvm_steal.h"

#define AREAS_AT 0xc00ull /* where in their pages they lie */
#define WORDS_AT 0xe00ull

static gpa_t area(unsigned id)
{
    return (gpa_t){gfn_gpa(page_gfn((id + 1) % swarm.anonymous)).v + AREAS_AT + id * sizeof(struct pv_steal)};
}

static gpa_t word(unsigned id)
{
    return (gpa_t){gfn_gpa(page_gfn((id + 2) % swarm.anonymous)).v + WORDS_AT + id * sizeof(u32)};
}

void guest_pv_on(struct vcpu *v)
{
    if (swarm.steal)
        guest_wrmsr(guest_of(v), PV_MSR_STEAL, area(v->id).v | PV_STEAL_ON);
    if (swarm.eoi)
        guest_wrmsr(guest_of(v), PV_MSR_EOI, word(v->id).v | PV_EOI_ON);
}

bool guest_leaves_flush(struct vcpu *v, struct insn *i, struct exit *e)
{
    const struct vcpu *to = v->vm->vcpu[i->nr];
    struct pv_steal *s = hw_reach(v, area(to->id), ACCESS_WRITE, e);

    if (!s)
        return true;
    i->kind = INSN_NONE;
    if (s->preempted != PV_STEAL_PREEMPTED)
        return false;
    s->preempted |= PV_STEAL_FLUSH;
    guest[to->id].flushes_owed = to->hw->flushes + 1;
    seen[SEEN_FLUSH_LEFT]++;
    trace("vcpu %lu leaves a flush to the host for vcpu %lu%.0lu", v->id, to->id, 0);
    return false;
}

void guest_check_flushed(const struct vcpu *v)
{
    if (v->hw->flushes < guest_of(v)->flushes_owed)
        machine_violation("A7-9", "vcpu %u runs without the flush that was left to the host", v->id);
}

enum eoi guest_end_by_word(struct vcpu *v, struct exit *e)
{
    u32 *skip;

    if (!guest_of(v)->eoi_on)
        return EOI_BY_REGISTER;
    skip = hw_reach(v, word(v->id), ACCESS_WRITE, e);
    if (!skip)
        return EOI_LEAVES;
    if (!(*skip & PV_EOI_SKIP))
        return EOI_BY_REGISTER;
    *skip &= ~(u32)PV_EOI_SKIP;
    seen[SEEN_EOI_SKIPPED]++;
    return EOI_DONE;
}
