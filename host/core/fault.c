/* SPDX-License-Identifier: BSD-2-Clause */
/* fault.c: a guest's page fault, from exit to entry, in the order in which things happen. */
#include "fault.h"
#include "hw.h"
#include "retry.h"
#include "vm.h"
#include "port.h"

/* Under the mapping lock: install what was looked up since `seq`, unless an invalidation has passed by (B3-1, 7-10). */
static enum tdp_result install_page(struct vcpu *v, const struct tdp_map *m, u64 seq)
{
    struct vm *vm = v->vm;
    enum tdp_result r = TDP_RETRY;

    read_lock(&vm->tdp.lock);
    if (!inv_retry(&vm->inv, seq, m->gfn))
        r = tdp_map(&vm->tdp, v->root, m, &v->cache);
    read_unlock(&vm->tdp.lock);
    return r;
}

/* The same for a block, which must not have changed anywhere (B3-10). Small leaves that it has already give way. */
static enum tdp_result install_block(struct vcpu *v, const struct tdp_map *m, u64 seq)
{
    u64 into = m->gfn.v % BLOCK_PAGES;
    gfn_t first = {m->gfn.v - into}, end = {first.v + BLOCK_PAGES};
    struct vm *vm = v->vm;
    struct tdp_gather g = {0};
    enum tdp_result r = TDP_RETRY;

    write_lock(&vm->tdp.lock);
    if (!inv_retry_range(&vm->inv, seq, first, end)) {
        stat_add(vm, collapses, tdp_collapse(&vm->tdp, first, m->level, (pfn_t){m->pfn.v - into}, &g));
        r = tdp_map(&vm->tdp, v->root, m, &v->cache);
        tdp_commit(&vm->tdp, &g);
    }
    write_unlock(&vm->tdp.lock);
    if (r == TDP_OK)
        stat_add(vm, huge_maps, 1);
    return r;
}

/* As large a leaf as the pager, the dirty log (C8-3) and the NX mitigation (C10-1) allow. */
static void install(struct vcpu *v, struct slot *s, struct tdp_map *m, u64 seq)
{
    struct tdp *t = &v->vm->tdp;
    bool fetch = (m->access & ACCESS_EXEC) && at_load(&t->nx.on);
    unsigned level = at_load(&t->log) == TDP_LOG_OFF ? pager_level(v->vm, s, m->gfn) : 0;

    m->level = fetch ? 0 : level;
    m->nx_level = fetch ? level : 0;
    if ((m->level ? install_block(v, m, seq) : install_page(v, m, seq)) == TDP_RETRY)
        retry_count(v);
    else
        retry_end(v);
}

/* The page has to be waited for: tell the guest if it may be told, and only then start the read (A0-10). */
static void wait_for_page(struct vcpu *v, struct slot *s, gfn_t gfn)
{
    struct vm *vm = v->vm;
    struct ticket *ticket = NULL;

    retry_end(v);
    stat_add(vm, tdp_absent, 1);
    switch (apf_try(v, gfn, &ticket)) {
    case APF_TOLD:
        stat_add(vm, not_present, 1);
        break;
    case APF_HALT:
        stat_add(vm, apf_halts, 1);
        vcpu_sit_out(v, gfn, VCPU_APF_HALTED);
        vcpu_events(v);
        break;
    case APF_SYNC:
        stat_add(vm, sync_waits, 1);
        vcpu_sit_out(v, gfn, VCPU_WAIT_PAGE);
        break;
    }
    if (ticket)
        pager_load(vm, s, gfn, ticket);
}

/* The APIC page is behind registers, no code, and only for a vCPU whose registers the hardware sees to (B7-6). */
static bool is_memory(const struct vcpu *v, u32 access, enum slot_kind kind, const struct slot *s)
{
    return kind != SLOT_NONE && (s->id != SLOT_APIC_PAGE || (hw_virt_apic(v) && !(access & ACCESS_EXEC)));
}

/*
 * Not memory: the local APIC's registers, if its page is there and the machine does not see to them. Memory that lies
 * at the same address wins.
 */
static off_path void no_memory(struct vcpu *v, gpa_t gpa, u32 access, const char *what)
{
    struct exit e = {.kind = EXIT_TDP, .tdp = {gpa, access}};

    if (!lapic_at(v, gpa) || access & ACCESS_EXEC)
        vm_kill(v->vm, v, VM_STATUS_GUEST_BUG, "%s at gpa 0x%lx, where there is no memory", what, gpa.v);
    else if (hw_mmio(v, &e) == MMIO_AGAIN)
        hw_again(v);
    else
        exit_decoded(v, &e);
}

/*
 * May the guest do this to what is no ordinary slot? If not now, nothing is done, and it will try again; if never, it
 * ends.
 */
static off_path bool may_access(struct vcpu *v, gpa_t gpa, u32 access, enum slot_kind kind,
                                const struct slot *s)
{
    const char *what = access & ACCESS_EXEC ? "execution" : access & ACCESS_WRITE ? "write" : "read";
    bool memory = is_memory(v, access, kind, s);

    /* No bracket is to blame: one that held off would keep an update waiting for its pass. */
    if (kind != SLOT_USABLE || !memory)
        retry_end(v);
    if (!memory) {
        no_memory(v, gpa, access, what);
        return false;
    }
    if (kind == SLOT_INVALID) { /* B5-3: it goes, or goes elsewhere; look again when that is done */
        stat_add(v->vm, tdp_retries, 1);
        return false;
    }
    if (s->read_only && (access & ACCESS_WRITE)) {
        vm_kill(v->vm, v, VM_STATUS_GUEST_BUG, "write at gpa 0x%lx, which is read-only", gpa.v);
        return false;
    }
    return true;
}

void fault_handle(struct vcpu *v, gpa_t gpa, u32 access)
{
    struct vm *vm = v->vm;
    gfn_t gfn = gpa_gfn(gpa);
    struct tdp_map m = {.gfn = gfn, .access = access};
    struct slot *s;
    enum slot_kind kind = slot_look(vm, gfn, &s);
    u64 seq;

    if (kind != SLOT_USABLE || s->special) {
        if (!may_access(v, gpa, access, kind, s))
            return;
        m.read_only = s->read_only;
    }
    if (!tdp_cache_fill(&v->cache)) {
        vm_kill(vm, v, VM_STATUS_MACHINE, "no memory left for page tables");
        return;
    }
    stat_add(vm, tdp_faults, 1);
    if (tdp_fix(&vm->tdp, v->root, gfn, access) != TDP_NONE) {
        retry_end(v);
        return;
    }
    seq = inv_snapshot(&vm->inv);
    if (inv_retry_unlocked(&vm->inv, seq, gfn)) { /* only to keep out of the invalidator's way (B3-4, B3-5) */
        retry_count(v);
        return;
    }
    if (pager_resident(vm, s, gfn, &m.pfn)) {
        install(v, s, &m, seq);
        return;
    }
    if (pager_is_quick(s, gfn))
        pager_load(vm, s, gfn, NULL);
    seq = inv_snapshot(&vm->inv); /* getting a frame may have taken other pages back */
    if (pager_resident(vm, s, gfn, &m.pfn))
        install(v, s, &m, seq);
    else
        wait_for_page(v, s, gfn);
}

void fault_prefetch(struct vcpu *v, gfn_t gfn)
{
    struct vm *vm = v->vm;
    struct slot *s = slot_find(vm, gfn);
    u64 seq = inv_snapshot(&vm->inv);
    struct tdp_map m = {.gfn = gfn, .access = ACCESS_READ};

    if (s && tdp_cache_fill(&v->cache) && pager_resident(vm, s, gfn, &m.pfn)) {
        m.read_only = s->read_only;
        install(v, s, &m, seq);
    }
}
