/* SPDX-License-Identifier: BSD-2-Clause */
/* oracle.c: what must hold at every use of a frame, at turns of CPUs, and at the end. */
#include "debts.h"
#include "frames.h"
#include "guest.h"
#include "hw_vcpu.h"
#include "pages.h"
#include "seen.h"
#include "swarm.h"
#include "walk.h"
#include "world.h"
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY 16u /* turns */
#define SAMPLE     61u /* of so many pages of a huge leaf one is looked at */

static bool verbose;
static unsigned turns;

void oracle_reset(void)
{
    turns = 0;
}

void oracle_verbose(bool on)
{
    verbose = on;
}

/* The slot that has gfn, be it INVALID; without scheduling. */
static struct slot *slot_of(const struct vm *vm, gfn_t gfn)
{
    for (unsigned i = 0; i < vm->slots->count; i++) {
        struct slot *s = vm->slots->at[i];

        if (gfn.v - s->base.v < s->pages)
            return s;
    }
    return NULL;
}

/* Why a guest must not reach gfn in this frame now, or NULL. Reads what the core knows, without scheduling. */
static const char *lost(struct vm *vm, gfn_t gfn, pfn_t pfn)
{
    struct slot *s = slot_of(vm, gfn);
    u64 word = s ? slot_page(s, gfn)->word : 0;

    if (!s)
        return "no slot has that gfn";
    if ((word & PAGE_STATE) != PAGE_RESIDENT && (word & PAGE_STATE) != PAGE_EVICTING)
        return "the page is in no frame";
    if (hpa_pfn(pager_hpa(vm, word)).v != pfn.v)
        return "the page is in another frame";
    return frame_lent(pfn_hpa(pfn)) ? "a device has the frame" : NULL;
}

void player_reaches(struct vcpu *v, gfn_t gfn, pfn_t pfn, u32 access)
{
    const char *why = lost(v->vm, gfn, pfn);

    if (why)
        machine_violation("H-B-14", "vcpu %u reaches gfn 0x%lx in frame 0x%lx (access %u): %s", v->id, gfn.v,
                          pfn_hpa(pfn).v, access, why);
}

/* What the hardware has been told of the APIC page is used at once, too. */
static void check_apic_page(const struct vcpu *v)
{
    const char *why = lost(v->vm, (gfn_t){APIC_GFN}, hpa_pfn(v->hw->apic_page));

    if (why)
        machine_violation("B7", "vcpu %u runs with the APIC page in frame 0x%lx: %s", v->id,
                          v->hw->apic_page.v, why);
}

/* No leaf that is executable and huge, once the mitigation is in force (C10-1). */
static void check_nx(const struct vcpu *v, const struct tlb_entry *e)
{
    if (v->vm->tdp.nx.enforced && e->level && (e->allows & ACCESS_EXEC))
        machine_violation("C10", "vcpu %u could execute a huge leaf at gfn 0x%lx", v->id, e->first.v);
}

/* Whoever is in guest mode may use anything that its TLB holds, at once. */
static void check_tlb(struct vcpu *v)
{
    for (unsigned i = 0; i < TLB_ENTRIES; i++) {
        const struct tlb_entry *e = &v->hw->tlb.entry[i];

        if (e->allows)
            check_nx(v, e);
        for (u64 k = e->level ? turns / LOOK_EVERY % SAMPLE : 0; e->allows && k < walk_span(e->level);
             k += SAMPLE) {
            gfn_t gfn = {e->first.v + k};
            pfn_t pfn = {e->pfn.v + k};
            const char *why = slot_of(v->vm, gfn) ? lost(v->vm, gfn, pfn) : NULL;

            if (why)
                machine_violation("H-B-14", "vcpu %u could reach gfn 0x%lx in frame 0x%lx: %s", v->id, gfn.v,
                                  pfn_hpa(pfn).v, why);
        }
    }
}

static void check_guest(struct vcpu *v)
{
    check_tlb(v);
    if (machine.config.virt_apic)
        check_apic_page(v);
}

/* A vCPU that neither runs nor waits for an event of its own is stuck; what it waits for is owed (debts.c). */
static void check_lively(const struct vcpu *v)
{
    struct guest *g = guest_of(v);
    u64 since = MAX(MAX(g->last_run, g->last_rest), v->idle.since);

    if (v->state != VCPU_RUNNABLE && v->state != VCPU_WAIT_PAGE && v->state != VCPU_APF_HALTED) {
        g->last_rest = machine.now;
        return;
    }
    if (machine.now > since + swarm.patience)
        machine_violation("liveness", "vcpu %u in state %u has not run for %lu ns", v->id, v->state,
                          machine.now - since);
}

void player_slept(void)
{
    if (world.vm->state != VM_RUNNING)
        return;
    for (unsigned i = 0; i < world.vm->vcpus; i++)
        check_lively(world.vm->vcpu[i]);
    if (!swarm.never_ack)
        debts_check();
}

void player_look(void)
{
    if (++turns % LOOK_EVERY || !world.vm)
        return;
    for (unsigned i = 0; i < machine.config.cpus; i++)
        if (machine.cpu[i].guest)
            check_guest(machine.cpu[i].guest);
    player_slept();
}

/* CPUs without vCPUs are not told that the VM has ended. */
void player_stuck(void)
{
    if (world.vm->state != VM_STOPPED)
        machine_violation("liveness", "all CPUs sleep and nothing will wake one");
}

static unsigned items(const struct ticket *t, const struct vcpu *v)
{
    unsigned n = 0, length = 0;

    for (; t && length <= TICKETS * VCPU_MAX; t = t->next, length++)
        n += t->vcpu == v && t->kind == TICKET_ITEM;
    return n;
}

/*
 * Every ticket for an item is in the pool, on the done list or with a page: in one place, once. With a page only if
 * that still starves for a frame: the VM's end does not wait for it.
 */
static void check_tickets(const struct vcpu *v)
{
    const struct vm *vm = v->vm;
    unsigned n = items(v->apf.tickets.free, v) + items(v->pub.done, v);

    for (unsigned i = 0; i < ARRAY_SIZE(vm->slot); i++)
        for (u64 p = 0; p < vm->slot[i].pages; p++) {
            const struct page *page = &vm->slot[i].page[p];

            if (page->waiters && ((page->word & PAGE_STATE) != PAGE_LOADING || !vm->pager.starved.count))
                machine_violation("leak", "a ticket waits for page %lu of slot %u, to which nothing happens",
                                  p, i);
            n += items(page->waiters, v);
        }
    if (n != TICKETS_ITEM)
        machine_violation("leak", "vcpu %u has %u tickets of %u", v->id, n, TICKETS_ITEM);
}

static void check_tables(struct vm *vm)
{
    struct tdp_count count;
    const char *broken;

    write_lock(&vm->tdp.lock);
    broken = tdp_check(&vm->tdp, &count);
    write_unlock(&vm->tdp.lock);
    if (broken)
        machine_violation("tables", "%s", broken);
    seen[SEEN_CHECK]++;
}

void oracle_exit(struct vcpu *v)
{
    if (rng_chance(&machine.rng, swarm.inspect))
        check_tables(v->vm);
}

/* What the core and the seed say of the run. */
static void count(const struct vm *vm)
{
    static const struct model_walk *const walks[] = {&walk_npt, &walk_ept,     &walk_ept_noad,
                                                     &walk_s2,  &walk_s2_noaf, &walk_toy};

    seen[SEEN_HUGE_MAP] = vm->stats.huge_maps;
    seen[SEEN_COLLAPSE] = vm->stats.collapses;
    seen[SEEN_NX_SPLIT] = vm->tdp.nx.splits;
    seen[SEEN_NX_RECOVERED] = vm->tdp.nx.recovered;
    seen[SEEN_EVICTION] = vm->stats.evictions;
    seen[SEEN_MIGRATION] = vm->stats.migrations;
    seen[SEEN_HUGE_CUT] = machine.cut;
    for (unsigned i = 0; i < vm->vcpus; i++)
        seen[SEEN_APIC_RELOAD] += vm->vcpu[i]->hw->apic_loads;
    seen[SEEN_APIC_MOVE] = vm->apic_move.moves;
    seen[SEEN_RETRY] = vm->stats.tdp_retries;
    for (unsigned i = 0; i < ARRAY_SIZE(walks); i++)
        seen[SEEN_NPT + i] = machine.config.walk == walks[i];
}

/* Pages and free frames together are the pool. */
static void check_frames(struct vm *vm)
{
    u64 n = vm->pager.frames.free;

    for (unsigned i = 0; i < ARRAY_SIZE(vm->slot); i++)
        for (u64 p = 0; p < vm->slot[i].pages; p++) {
            u64 state = vm->slot[i].page[p].word & PAGE_STATE;

            n += state == PAGE_RESIDENT;
            if (state == PAGE_EVICTING)
                machine_violation("leak", "page %lu of slot %u is being evicted for ever", p, i);
        }
    if (n != vm->pager.frames.count)
        machine_violation("leak", "%lu frames free or in use, of %u", n, vm->pager.frames.count);
}

/*
 * What the guests were told, one by one, against what the core has counted: an event that came to nobody, or twice, is
 * missing in one of the sums. On a vCPU that the VM's end has overtaken one more may be on its way to the guest.
 */
static void check_events(const struct vm *vm)
{
    const struct fl_stats *s = &vm->stats;
    bool regular = !vm->status && !swarm.abrupt && !swarm.never_ack;
    u64 told = seen[SEEN_TOLD], left = 0;

    for (unsigned i = 0; i < vm->vcpus; i++)
        left += debt_count(DEBT_TOKEN, i);
    seen[SEEN_LEFT] = left;
    if (told != seen[SEEN_READY] + seen[SEEN_DROPPED] + left || (regular && left))
        machine_violation("H-A-2", "guests: %lu told not-present, %lu ready, %lu dropped, %lu left", told,
                          seen[SEEN_READY], seen[SEEN_DROPPED], left);
    if (s->not_present - told > (regular ? 0 : vm->vcpus))
        machine_violation("H-A-2", "%lu told not-present, but guests have heard of %lu", s->not_present,
                          told);
    if (regular && s->not_present != s->ready + s->dropped)
        machine_violation("H-A-2", "%lu told not-present, %lu ready, %lu dropped", s->not_present, s->ready,
                          s->dropped);
}

static bool may_end_with(u32 status)
{
    return status == 0 || (status == VM_STATUS_STORE_ERROR && swarm.fail) ||
           (status == VM_STATUS_STORE_TIMEOUT && swarm.stuck) ||
           (status == VM_STATUS_MACHINE && swarm.machine.memory_fails);
}

void oracle_ended(void)
{
    struct vm *vm = world.vm;

    if (!may_end_with(vm->status))
        machine_violation("end", "the VM ended with status 0x%x: %s", vm->status, vm_status_name(vm->status));
    if (vm->inv.in_progress || vm->pager.io.inflight || disk_busy())
        machine_violation("leak", "brackets %ld, I/O %u, requests %u are left", vm->inv.in_progress,
                          vm->pager.io.inflight, disk_busy());
    for (unsigned i = 0; i < vm->vcpus; i++)
        check_tickets(vm->vcpu[i]);
    if (vm->apic_move.strays)
        machine_violation("B7", "%lu words of the APIC page were written", vm->apic_move.strays);
    check_frames(vm);
    check_tables(vm);
    count(vm);
    check_events(vm);
    pages_final(vm, &world.swap, &world.module);
}

void oracle_destroyed(void)
{
    if (frames_in_use() || machine.zalloced)
        machine_violation("leak", "%lu frames and %zu bytes are not given back", frames_in_use(),
                          machine.zalloced);
}

/* What only delays, or retries too often, is reported and no more (B6-11); here it is a bug all the same. */
void player_console(const char *s, size_t n)
{
    char line[256];

    snprintf(line, sizeof(line), "%.*s", (int)n, s);
    if (strstr(line, "invariant"))
        machine_violation("B6", "%s", line);
    if (verbose)
        printf("# %s", line);
}
