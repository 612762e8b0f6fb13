/* SPDX-License-Identifier: BSD-2-Clause */
/* hw_save.c: a vCPU as plain bytes (hw.h): here its TLB is all that is left out. */
#include "hw.h"
#include "hw_vcpu.h"
#include "lib/str.h"

struct saved {
    unsigned cpl;
    bool paging, intr_flag, shadow, nmi_open;
    u8 tpr;
    struct model_event pending;
};
_Static_assert(sizeof(struct saved) <= HW_STATE_BYTES, "hw.h");

void hw_save(const struct vcpu *v, void *to)
{
    const struct hw_vcpu *h = v->hw;
    const struct saved s = {h->cpl, h->paging, h->intr_flag, h->shadow, h->nmi_open, h->tpr, h->pending};

    memcpy(to, &s, sizeof(s));
}

bool hw_restorable(const void *from)
{
    struct saved s;

    memcpy(&s, from, sizeof(s));
    return s.cpl <= 3 && s.pending.kind <= EVENT_IRQ;
}

void hw_restore(struct vcpu *v, const void *from)
{
    struct hw_vcpu *h = v->hw;
    struct saved s;

    memcpy(&s, from, sizeof(s));
    h->cpl = s.cpl;
    h->paging = s.paging;
    h->intr_flag = s.intr_flag;
    h->shadow = s.shadow;
    h->nmi_open = s.nmi_open;
    h->tpr = s.tpr;
    h->pending = s.pending;
}

/* Its guests do not read the counter. */
void hw_set_tsc_offset(struct vcpu *v, u64 offset)
{
    (void)v, (void)offset;
}
