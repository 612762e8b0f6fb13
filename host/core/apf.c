/* SPDX-License-Identifier: BSD-2-Clause */
/* apf.c: which faults become asynchronous, and the items that stand for them. */
#include "apf.h"
#include "vcpu.h"
#include "abi/kvm_msr.h"
#include "vm.h"
#include "hw.h"
#include "port.h"

void apf_init(struct vcpu *v)
{
    ticket_pool_init(&v->apf.tickets, v);
}

void apf_item_free(struct apf *a, unsigned i)
{
    a->used &= ~BIT(i);
}

void apf_drop(struct vcpu *v)
{
    struct apf *a = &v->apf;

    for (unsigned i = 0; i < APF_PER_VCPU; i++)
        if ((a->used & BIT(i)) && a->item[i].injected)
            stat_add(v->vm, dropped, 1);
    a->generation++;
    a->used = 0;
    gfnset_clear(&a->waiting);
    a->done_head = a->done_count = 0;
    a->wake_all = a->want_window = a->unwritable = false;
    at_store(&v->pub.ready_pending, 0); /* A3-35 */
}

void apf_reset(struct vcpu *v)
{
    apf_drop(v);
    v->apf.en = v->apf.vec = 0;
    v->apf.dialect = APF_OFF;
}

/*
 * bits 11:0 vCPU, 17:12 item, 31:18 a count that is never 0. Two outstanding tokens differ in vCPU or item, so the VM
 * never has the same one out twice; none is 0 or the wake-all token (A0-23).
 */
static u32 next_token(struct vcpu *v, unsigned item)
{
    struct apf *a = &v->apf;

    a->sequence = a->sequence % 0x3fff + 1;
    return a->sequence << 18 | item << APF_TOKEN_SEQ_SHIFT | v->id;
}

/* Record a wait for gfn. NULL: as many as there may be are outstanding (A0-6; the wake-all event counts). */
static struct ticket *new_item(struct vcpu *v, gfn_t gfn, unsigned *index)
{
    struct apf *a = &v->apf;
    u64 unused = ~a->used;
    struct ticket *t;

    if (!unused || (a->wake_all && !(unused & (unused - 1))))
        return NULL;
    t = ticket_get(&a->tickets);
    if (!t)
        return NULL;
    *index = (unsigned)__builtin_ctzll(unused);
    a->used |= BIT(*index);
    a->item[*index] = (struct apf_item){.gfn = gfn, .token = next_token(v, *index)};
    gfnset_add(&a->waiting, gfn);
    t->item = (u8)*index;
    t->generation = a->generation;
    return t;
}

/* May a not-present event reach the guest here (A1-12, A3-38)? A0-9 holds already. */
static bool may_tell(struct vcpu *v)
{
    struct apf *a = &v->apf;

    return a->dialect != APF_OFF && (hw_cpl(v) || (a->en & APF_EN_ALWAYS)) && hw_paging(v);
}

/* PF2 delivery by interrupt, hardened: complete only when both MSRs are on (A2-23). */
static bool pf2_by_interrupt(const struct apf *a)
{
    return a->dialect == APF_PF2 && (a->en & APF_EN_INT);
}

enum apf_try apf_try(struct vcpu *v, gfn_t gfn, struct ticket **ticket)
{
    struct apf *a = &v->apf;
    bool told = may_tell(v);
    unsigned i;

    *ticket = &a->tickets.sync;
    if (hw_event_pending(v) || !hw_intr_open(v)) /* A0-9 b, c, d */
        return APF_SYNC;
    if (gfnset_has(&a->waiting, gfn)) { /* A0-7 */
        *ticket = NULL;
        return APF_HALT;
    }
    if (told && pf2_by_interrupt(a)) {
        if (!(a->vec & APF_PF2_ON))
            told = false; /* A2-23 */
        else if (!apf_slot_free(v))
            return APF_SYNC; /* A2-10 */
    }
    *ticket = new_item(v, gfn, &i);
    if (!*ticket) {
        *ticket = &a->tickets.sync;
        return APF_SYNC;
    }
    if (!told || !apf_mark_not_present(v, a->item[i].token))
        return APF_HALT;
    a->item[i].injected = true;
    hw_inject_pf(v, 0, a->item[i].token);
    return APF_TOLD;
}

void apf_queue_wake_all(struct vcpu *v)
{
    struct apf *a = &v->apf;

    if (a->wake_all)
        return;
    a->wake_all = true;
    a->done[(a->done_head + a->done_count++) % ARRAY_SIZE(a->done)] = APF_WAKE_ALL;
}

/* The wait of a current item is over: the vCPU's artificial halt ends; a told guest is to be told again. */
static void finish(struct vcpu *v, struct ticket *t)
{
    struct apf *a = &v->apf;
    struct apf_item *item = &a->item[t->item];

    if (t->generation != a->generation)
        return;
    gfnset_del(&a->waiting, item->gfn);
    if (v->state == VCPU_APF_HALTED)
        vcpu_set_state(v, VCPU_RUNNABLE);
    if (item->injected)
        a->done[(a->done_head + a->done_count++) % ARRAY_SIZE(a->done)] = t->item;
    else
        apf_item_free(a, t->item); /* A0-11 */
}

void apf_service(struct vcpu *v)
{
    struct apf *a = &v->apf;
    struct ticket *t = ticket_take(&v->pub.done), *next;

    for (; t; t = next) {
        next = t->next;
        switch (t->kind) {
        case TICKET_ITEM:
            finish(v, t);
            ticket_put(&a->tickets, t);
            break;
        case TICKET_SYNC:
            check(v->state == VCPU_WAIT_PAGE || v->state == VCPU_STOPPED,
                  "a synchronous ticket has a waiter");
            if (v->state == VCPU_WAIT_PAGE)
                vcpu_set_state(v, VCPU_RUNNABLE);
            break;
        case TICKET_AREA:
            pv_steal_there(v);
            break;
        case TICKET_SLOT:
            a->want_slot = false;
            break;
        }
    }
    apf_deliver(v);
}
