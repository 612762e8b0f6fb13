/* SPDX-License-Identifier: BSD-2-Clause */
/* ticket.c: where tickets rest, and how a finished one reaches its vCPU. */
#include "ticket.h"
#include "vcpu.h"
#include "port.h"

void ticket_pool_init(struct ticket_pool *p, struct vcpu *v)
{
    p->free = NULL;
    for (unsigned i = 0; i < TICKETS_ITEM; i++) {
        p->item[i] = (struct ticket){.next = p->free, .vcpu = v, .kind = TICKET_ITEM};
        p->free = &p->item[i];
    }
    p->sync = (struct ticket){.vcpu = v, .kind = TICKET_SYNC};
    p->area = (struct ticket){.vcpu = v, .kind = TICKET_AREA};
    p->slot = (struct ticket){.vcpu = v, .kind = TICKET_SLOT};
}

struct ticket *ticket_get(struct ticket_pool *p)
{
    struct ticket *t = p->free;

    if (t)
        p->free = t->next;
    return t;
}

void ticket_put(struct ticket_pool *p, struct ticket *t)
{
    t->next = p->free;
    p->free = t;
}

void ticket_done(struct ticket *t)
{
    struct vcpu *v = t->vcpu;

    /* From the push on the ticket is its vCPU's again. */
    if (done_publish(&v->pub, t))
        port_kick(v->cpu);
}
