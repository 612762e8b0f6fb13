/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_save.c: a local APIC as plain bytes, and back. What time it is does not matter to them. */
#include "lapic_parts.h"
#include "port.h"
#include "lib/str.h"

void lapic_save(const struct vcpu *v, struct lapic_saved *out)
{
    const struct lapic *l = &v->lapic;
    u64 now = port_now();

    *out = (struct lapic_saved){.base = l->base,
                                .icr = l->icr,
                                .tsc_deadline = l->tsc_deadline,
                                .left = TIME_NEVER,
                                .ldr = l->ldr,
                                .dfr = l->dfr,
                                .svr = l->svr,
                                .tpr = l->tpr,
                                .esr = l->esr,
                                .errors = l->errors,
                                .divide = l->divide,
                                .timer_init = l->timer_init};
    if (l->deadline != TIME_NEVER)
        out->left = l->deadline > now ? l->deadline - now : 0;
    for (unsigned i = 0; i < ARRAY_SIZE(out->irr); i++)
        out->irr[i] = at_load(&v->pub.irr[i]);
    memcpy(out->isr, l->isr, sizeof(out->isr));
    memcpy(out->lvt, l->lvt, sizeof(out->lvt));
}

/* What no write of its guest could have made; everything else harms nobody but that guest. */
bool lapic_restorable(const struct lapic_saved *s)
{
    bool on = s->base & APIC_BASE_ENABLE;

    return !(s->ldr & ~LDR_DEFINED) && !(~s->dfr & DFR_RSVD) &&
           (on || !((s->base & APIC_BASE_X2) || (s->svr & SVR_ENABLE))) && s->svr < SVR_ENABLE << 1 &&
           s->tpr <= 0xff;
}

void lapic_restore(struct vcpu *v, const struct lapic_saved *s)
{
    struct lapic *l = &v->lapic;

    l->changed = true;
    at_store(&l->base, s->base);
    at_store(&l->ldr, s->ldr);
    at_store(&l->dfr, s->dfr);
    l->icr = s->icr;
    l->tsc_deadline = s->tsc_deadline;
    l->deadline = s->left == TIME_NEVER ? TIME_NEVER : port_now() + s->left;
    l->svr = s->svr;
    l->tpr = s->tpr;
    l->esr = s->esr;
    l->errors = s->errors;
    l->divide = s->divide;
    l->timer_init = s->timer_init;
    memcpy(l->isr, s->isr, sizeof(l->isr));
    memcpy(l->lvt, s->lvt, sizeof(l->lvt));
    for (unsigned i = 0; i < ARRAY_SIZE(s->irr); i++)
        at_store(&v->pub.irr[i], s->irr[i]);
    apic_page_mode(v);
    at_store(&l->enabled, !!(s->svr & SVR_ENABLE));
    if (lapic_enabled(v))
        apf_deliver(v);
    vcpu_request(v, REQ_EVENT);
}
