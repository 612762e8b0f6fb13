/* SPDX-License-Identifier: BSD-2-Clause */
/* guest_run.c: execute instructions, and learn what became of those that left the guest. */
#include "guest.h"
#include "debts.h"
#include "frames.h"
#include "hw_vcpu.h"
#include "pages.h"
#include "seen.h"
#include "swarm.h"
#include "trace.h"
#include "world.h"
#include "abi/kvm_msr.h"
#include "abi/platform.h"

#define MSR_SVR    (X2APIC_MSR_FIRST + 0x0f)
#define MSR_ICR    (X2APIC_MSR_FIRST + 0x30)
#define MSR_TIMER  (X2APIC_MSR_FIRST + 0x38)
#define MSR_SELF   (X2APIC_MSR_FIRST + 0x3f)
#define SVR_ENABLE 0x100ull
#define ICR_NMI    0x400ull
#define TIMER_UNIT 2 /* ns, by the divide register after reset */

/* An access that is not to the page that the hardware has been told would be to memory, not to the APIC (B7). */
static void check_apic_page(const struct vcpu *v, const void *bytes)
{
    seen[SEEN_APIC_ACCESS]++;
    if (bytes != frame_bytes(v->hw->apic_page))
        machine_violation("B7", "vcpu %u reaches the APIC page in another frame than 0x%lx", v->id,
                          v->hw->apic_page.v);
}

static bool leave(struct vcpu *v, struct insn *i, struct exit e, struct exit *out)
{
    guest_of(v)->issued = i;
    *out = e;
    return true;
}

/* The module cannot be used now. An exit is when it may be brought back. */
static bool leave_to_mend(struct vcpu *v, struct exit *e)
{
    return !owner_has_module() && leave(v, &guest_of(v)->mend, (struct exit){.kind = EXIT_HYPERCALL}, e);
}

static bool access_page(struct vcpu *v, struct insn *i, struct exit *e)
{
    struct guest *g = guest_of(v);
    void *bytes;

    if (page_in_module(i->page)) {
        if (!owner_module_in_place())
            return leave_to_mend(v, e);
        g->in_module = true;
    }
    bytes = hw_reach(v, gfn_gpa(page_gfn(i->page)), i->access, e);
    if (!bytes)
        return true;
    g->in_module = false;
    seen[SEEN_FETCH] += i->access == ACCESS_EXEC;
    if (i->page == APIC_PAGE)
        check_apic_page(v, bytes);
    else if (i->access & ACCESS_WRITE)
        page_write(i->page, bytes);
    else
        page_check(i->page, bytes);
    i->kind = INSN_NONE;
    g->operations++;
    return false;
}

static bool clear_slot(struct vcpu *v, struct insn *i, struct exit *e)
{
    u32 *word = hw_reach(v, guest_slot(v), ACCESS_WRITE, e);
    struct guest *g = guest_of(v);

    if (!word)
        return true;
    word[0] = word[1] = 0;
    i->kind = INSN_NONE;
    g->script_at++;
    return false;
}

/* From here on somebody is owed something, or may get it before the instruction is over. */
static void promise(const struct vcpu *v, u32 msr, u64 value)
{
    u32 to = (u32)(value >> 32);

    switch (msr) {
    case PV_MSR_APF_EN:
        guest_of(v)->apf_on |= value & APF_EN_ON;
        return;
    case MSR_ICR:
        if (value & ICR_NMI)
            debt_add(DEBT_NMI, to, 0, machine.now);
        else if (guest[to].lapic_on)
            debt_add(DEBT_IRQ, to, VECTOR_IPI, machine.now);
        return;
    case MSR_SELF:
        if (guest_of(v)->lapic_on)
            debt_add(DEBT_IRQ, v->id, VECTOR_SELF, machine.now);
        return;
    case MSR_TIMER:
        if (guest_of(v)->lapic_on)
            debt_add(DEBT_IRQ, v->id, VECTOR_TIMER, machine.now + value * TIMER_UNIT);
        return;
    }
}

bool insn_execute(struct vcpu *v, struct insn *i, struct exit *e)
{
    switch (i->kind) {
    case INSN_NONE:
        return false;
    case INSN_ACCESS:
        return access_page(v, i, e);
    case INSN_CLEAR_SLOT:
        return clear_slot(v, i, e);
    case INSN_WRMSR:
        promise(v, i->nr, i->arg[0]);
        trace("vcpu %lu: wrmsr 0x%lx, 0x%lx", v->id, i->nr, i->arg[0]);
        return leave(
            v, i, (struct exit){.kind = EXIT_MSR, .msr = {.index = i->nr, .write = true, .value = i->arg[0]}},
            e);
    case INSN_CALL:
        trace("vcpu %lu: hypercall 0x%lx, 0x%lx", v->id, i->nr, i->arg[0]);
        return leave(
            v, i, (struct exit){.kind = EXIT_HYPERCALL, .call = {.nr = i->nr, .arg = {i->arg[0], i->arg[1]}}},
            e);
    case INSN_HLT:
        trace("vcpu %lu: hlt%.0lu%.0lu", v->id, 0, 0);
        v->hw->shadow = true; /* STI; HLT */
        return leave(v, i, (struct exit){.kind = EXIT_HLT}, e);
    case INSN_PAUSE:
        if (v->hw->exit_on_spin)
            return leave(v, i, (struct exit){.kind = EXIT_SPIN}, e);
        guest_of(v)->issued = i;
        player_complete(v, NULL);
        return false;
    case INSN_FLUSH:
        return guest_leaves_flush(v, i, e);
    case INSN_OUT:
        return leave(
            v, i,
            (struct exit){.kind = EXIT_IO, .io = {.port = PLATFORM_EXIT_PORT, .size = 1, .write = true}}, e);
    }
    return false;
}

static void wrote_msr(struct vcpu *v, u32 msr, u64 value)
{
    struct guest *g = guest_of(v);

    switch (msr) {
    case PV_MSR_APF_EN:
        g->apf_on = value & APF_EN_ON;
        if (!g->apf_on) { /* the host has dropped all that was outstanding */
            seen[SEEN_DROPPED] += debt_waive(DEBT_TOKEN, v->id);
            guest_wake_all(g);
        }
        return;
    case PV_MSR_EOI:
        g->eoi_on = value & PV_EOI_ON;
        return;
    case MSR_SVR:
        g->lapic_on = value & SVR_ENABLE;
        if (!g->lapic_on)
            debt_waive(DEBT_IRQ, v->id);
        return;
    }
}

void player_complete(struct vcpu *v, const struct exit *e)
{
    struct guest *g = guest_of(v);
    struct insn *i = g->issued, was = *i;

    if (i->fails)
        machine_violation("guest", "vcpu %u: wrmsr 0x%x, 0x%lx should have failed", v->id, i->nr, i->arg[0]);
    i->kind = INSN_NONE;
    if (i == &g->handler)
        handler_complete(v);
    else if (i == &g->script[g->script_at])
        g->script_at++;
    if (was.kind == INSN_WRMSR)
        wrote_msr(v, was.nr, was.arg[0]);
    if (was.kind == INSN_CALL)
        owner_called(&was, e->call.ret);
    if (!e)
        return;
    owner_mend(v->vm);
    oracle_exit(v);
}
