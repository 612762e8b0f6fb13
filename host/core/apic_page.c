/* SPDX-License-Identifier: BSD-2-Clause */
/* apic_page.c: look the APIC-access page up again after it has moved, and stand still until it is there. */
#include "apic_page.h"
#include "flush.h"
#include "hw.h"
#include "vm.h"

/*
 * An invalidation was in progress, or has passed by (B7-12): the request is raised again, and keeps the vCPU from
 * entering (B7-13). The loop serves everybody else between passes; one that finds the bracket still open after so many
 * waits for its end. Under the mapping lock, without which brackets neither start nor end.
 */
static void turned_away(struct vcpu *v)
{
    struct apic_page *a = &v->apic_page;

    at_store(&a->turned_away, a->turned_away + 1);
    if (++a->passes < APIC_PAGE_PASSES || at_load(&v->vm->inv.in_progress) <= 0) {
        (void)req_raise(&v->pub, REQ_APIC_PAGE);
        return;
    }
    a->due = true;
    at_store(&v->vm->bracket_awaited, 1); /* read by bracket_end() */
    vcpu_set_state(v, VCPU_WAIT_BRACKET);
}

/*
 * The steps of B7-2. A slot that is missing or INVALID went for good (2). A page that is not there is waited for as by
 * a fault that is sat out (4). No reference is held that had to be dropped, and a flush is not needed (7, B7-4).
 */
static void reload(struct vcpu *v)
{
    struct vm *vm = v->vm;
    struct slot *s;
    pfn_t pfn;
    u64 seq;

    if (!hw_virt_apic(v)) /* (1) */
        return;
    if (slot_by_id(vm, SLOT_APIC_PAGE, &s) != SLOT_USABLE) /* (2) */
        return;
    seq = inv_snapshot(&vm->inv);                /* (3) */
    if (!pager_resident(vm, s, s->base, &pfn)) { /* (4) */
        v->apic_page.due = true;
        vcpu_sit_out(v, s->base, VCPU_WAIT_PAGE);
        pager_load(vm, s, s->base, &v->apf.tickets.sync);
        return;
    }
    read_lock(&vm->tdp.lock);                /* (5) */
    if (inv_retry(&vm->inv, seq, s->base)) { /* (6) */
        turned_away(v);
    } else {
        v->apic_page.passes = 0;
        at_store(&v->apic_page.reloads, v->apic_page.reloads + 1);
        hw_apic_page(v, pfn_hpa(pfn));
    }
    read_unlock(&vm->tdp.lock); /* (7) */
}

void apic_page_service(struct vcpu *v)
{
    v->apic_page.due = v->state != VCPU_RUNNABLE;
    if (v->state == VCPU_WAIT_BRACKET)
        vcpu_set_state(v, VCPU_RUNNABLE);
    else if (v->state == VCPU_RUNNABLE)
        reload(v);
}

void apic_page_runnable(struct vcpu *v)
{
    if (v->apic_page.due)
        (void)req_raise(&v->pub, REQ_APIC_PAGE);
    v->apic_page.due = false;
}

void apic_page_mode(struct vcpu *v)
{
    if (hw_virt_apic(v))
        (void)req_raise(&v->pub, REQ_APIC_PAGE | REQ_FLUSH);
}

void apic_page_request(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpus; i++)
        vcpu_request(vm->vcpu[i], REQ_APIC_PAGE);
}

void apic_page_unmapped(struct vm *vm, gfn_t start, gfn_t end)
{
    struct slot *s;

    if (slot_by_id(vm, SLOT_APIC_PAGE, &s) == SLOT_NONE || s->base.v < start.v || s->base.v >= end.v)
        return;
    for (unsigned i = 0; i < vm->vcpus; i++)
        (void)req_raise(&vm->vcpu[i]->pub, REQ_APIC_PAGE);
    /* Not left to the zap, which needs no flush if no leaf is there: guest mode has the address in any case. */
    flush_all(vm);
}
