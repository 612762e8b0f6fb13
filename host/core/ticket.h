/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ticket.h: a vCPU's claim to be told when a page's read or write has ended.
 *
 * A ticket travels: the vCPU's free pool (owner only) -> the page's list of waiters -> the vCPU's public done list ->
 * back to the pool. It names an APF item by number and generation, never by pointer, so nothing needs cancelling (D2).
 */
#pragma once
#include "req.h"

struct vcpu;

enum ticket_kind {
    TICKET_ITEM, /* completes APF item `item` if `generation` is still current */
    TICKET_SYNC, /* ends VCPU_WAIT_PAGE */
    TICKET_AREA, /* the page of the steal time area */
    TICKET_SLOT, /* the page of the APF slot: look again whether events can be delivered */
};

struct ticket {
    struct ticket *next;
    struct vcpu *vcpu;
    enum ticket_kind kind;
    u8 item;
    u32 generation;
};

/*
 * 64 items, as many stale ones of dropped generations, one synchronous wait, one each for the steal time
 * area and the slot.
 */
#define TICKETS_ITEM 128

/* Of one vCPU, whose VM has at most VCPU_MAX of them. */
#define TICKETS  (TICKETS_ITEM + 3)
#define VCPU_MAX 8

struct ticket_pool {
    struct ticket item[TICKETS_ITEM];
    struct ticket *free;
    struct ticket sync, area, slot;
};

void ticket_pool_init(struct ticket_pool *p, struct vcpu *v);
/* An item ticket, or NULL if so many stale ones are still out. Owner only. */
struct ticket *ticket_get(struct ticket_pool *p);
void ticket_put(struct ticket_pool *p, struct ticket *t);

/* Push onto a list that anybody may push to. A full barrier. */
static inline void ticket_push(struct ticket **list, struct ticket *t)
{
    struct ticket *head = at_load(list);

    do
        t->next = head;
    while (!at_cas(list, &head, t));
}

/* Take the whole list, oldest first. */
static inline struct ticket *ticket_take(struct ticket **list)
{
    struct ticket *t = at_load(list) ? at_xchg(list, NULL) : NULL, *oldest = NULL;

    while (t) {
        struct ticket *next = t->next;

        t->next = oldest;
        oldest = t;
        t = next;
    }
    return oldest;
}

/*
 * Completion side (A3-34): publish the ticket, raise the request, then decide. Returns whether the vCPU must be kicked:
 * not if its CPU is about to look anyway, nor while a running guest owes an ACK, which will make it look.
 */
static inline bool done_publish(struct vcpu_pub *p, struct ticket *t)
{
    bool may_defer = t->kind == TICKET_ITEM;
    u32 mode;

    ticket_push(&p->done, t);
    mode = req_raise(p, REQ_DONE); /* its fence is also P2: pairs with done_ack() */
    if (mode == MODE_IN_GUEST && may_defer)
        return !at_load(&p->ready_pending);
    return mode != 0;
}

/* ACK side (A3-34): from here on completions kick again; the caller then looks at the done list. */
static inline void done_ack(struct vcpu_pub *p)
{
    at_store(&p->ready_pending, 0);
    at_fence(); /* P2: pairs with req_raise() in done_publish() */
}

/* Any CPU: the wait that t stands for is over. */
void ticket_done(struct ticket *t);
