/* SPDX-License-Identifier: BSD-2-Clause */
/* epoch.c: the ring of retired pages. */
#include "epoch.h"

void epoch_init(struct epoch *e)
{
    *e = (struct epoch){.now = 1};
}

/* Free from the old end what no reader can reach any more. Lock held. */
static unsigned collect(struct epoch *e)
{
    unsigned cpus = port_cpu_count(), n = 0;

    check(spin_held(&e->lock), "epoch lock held");
    while (e->count && epoch_passed(e, e->pending[e->head].tag, cpus)) {
        port_frame_free(e->pending[e->head].page);
        e->head = (e->head + 1) % EPOCH_PENDING;
        e->count--;
        n++;
    }
    return n;
}

void epoch_retire(struct epoch *e, hpa_t page)
{
    check(at_load(&e->cpu[port_cpu()].active) == EPOCH_IDLE,
          "C5-2: no page is retired inside a read section");
    spin_lock(&e->lock);
    /* Readers neither sleep nor wait for us (C5-5), so this ends. */
    while (e->count == EPOCH_PENDING && !collect(e))
        at_relax();
    /* Tagged under the lock, so that tags in the ring ascend. */
    unsigned at = (e->head + e->count++) % EPOCH_PENDING;
    e->pending[at].page = page;
    e->pending[at].tag = epoch_tag(e);
    spin_unlock(&e->lock);
}

unsigned epoch_collect(struct epoch *e)
{
    unsigned n;

    spin_lock(&e->lock);
    n = collect(e);
    spin_unlock(&e->lock);
    return n;
}
