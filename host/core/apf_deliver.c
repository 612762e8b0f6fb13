/* SPDX-License-Identifier: BSD-2-Clause */
/* apf_deliver.c: the slot, and when and how a finished item is reported through it (A1.2, A2.2, A3.3). */
#include "apf.h"
#include "vcpu.h"
#include "abi/kvm_msr.h"
#include "vm.h"
#include "hw.h"
#include "fault.h"
#include "guestmem.h"
#include "port.h"

static gpa_t slot_at(const struct apf *a, u64 offset)
{
    return (gpa_t){(a->en & APF_EN_SLOT_MASK) + offset};
}

/*
 * The slot's page is not resident: have it read; its ticket makes us look again. Until then the slot counts as busy
 * (A0-35) and not-present events are not sent (A0-33).
 */
static void want_slot(struct vcpu *v)
{
    struct apf *a = &v->apf;
    gfn_t gfn = gpa_gfn(slot_at(a, 0));
    struct slot *s;
    enum slot_kind kind = slot_look(v->vm, gfn, &s);

    if (kind == SLOT_INVALID) /* B5-3: it may be back in a moment */
        (void)req_raise(&v->pub, REQ_DONE);
    if (a->want_slot || kind != SLOT_USABLE)
        return;
    a->want_slot = true;
    pager_load(v->vm, s, gfn, &a->tickets.slot);
}

/*
 * How an access to the slot went; if its page is not there, it is sent for. If that is no memory, or must not be
 * written, nothing can be done but wait for other slots of memory, which make us look again (A0-15).
 */
static bool accessed(struct vcpu *v, enum guest_access r)
{
    if (r == GUEST_ABSENT)
        want_slot(v);
    return r == GUEST_OK;
}

static bool slot_read(struct vcpu *v, u64 offset, u32 *value)
{
    return accessed(v, guest_read32(v->vm, slot_at(&v->apf, offset), value));
}

/* Where the word is that is not 0 while an event occupies the slot. */
static u64 gate(const struct apf *a)
{
    return a->dialect == APF_INT ? offsetof(struct apf_slot, token) : offsetof(struct apf_slot, word0);
}

/* word0 alone, or for PF2 both words in one store (A2-5). */
static enum guest_access slot_write(struct vcpu *v, u32 word0, u32 token)
{
    struct apf *a = &v->apf;

    return a->dialect == APF_PF2 ? guest_write64(v->vm, slot_at(a, 0), (u64)token << 32 | word0)
                                 : guest_write32(v->vm, slot_at(a, 0), word0);
}

/* The ready record. If it cannot be written, a wake-all event follows it when it can (A0-34). */
static bool write_ready(struct vcpu *v, u32 token)
{
    struct apf *a = &v->apf;
    enum guest_access r = a->dialect == APF_INT
                              ? guest_write32(v->vm, slot_at(a, offsetof(struct apf_slot, token)), token)
                              : slot_write(v, APF_REASON_READY, token);

    if (r == GUEST_HOLE)
        a->unwritable = true;
    return accessed(v, r);
}

bool apf_mark_not_present(struct vcpu *v, u32 token)
{
    /* APF_FLAG_NOT_PRESENT and APF_REASON_NOT_PRESENT are the same value in the same word. */
    return accessed(v, slot_write(v, APF_REASON_NOT_PRESENT, token));
}

bool apf_slot_free(struct vcpu *v)
{
    u32 word;

    return slot_read(v, gate(&v->apf), &word) && !word;
}

/* What occupies the slot was reported before the VM was saved: a second interrupt does no harm, none does (A3-63). */
static off_path void remind(struct vcpu *v)
{
    struct apf *a = &v->apf;
    u32 word;

    if (!slot_read(v, gate(a), &word))
        return;
    if (a->dialect == APF_INT || word == APF_REASON_READY)
        lapic_raise(v, (u8)a->vec);
    a->remind = false;
}

/* An interrupt carries ready: needs the local APIC and a free slot, nothing else (A3-31, A2-24). */
static bool by_interrupt(struct vcpu *v, u32 token)
{
    struct apf *a = &v->apf;

    if (a->dialect == APF_PF2 && !(a->vec & APF_PF2_ON))
        return false; /* A2-23 */
    if (!lapic_enabled(v))
        return false;
    if (!apf_slot_free(v)) {
        if (a->remind)
            remind(v);
        return false;
    }
    if (!write_ready(v, token))
        return false;
    at_store(&v->pub.ready_pending, 1);
    lapic_raise(v, (u8)a->vec);
    return true;
}

/* #PF carries ready: only where an exception is allowed and IF = 1 (A1-13, A1-16); a window is asked for otherwise. */
static bool by_exception(struct vcpu *v, u32 token)
{
    struct apf *a = &v->apf;

    a->want_window = hw_event_pending(v) || !hw_intr_open(v);
    if (a->want_window || !write_ready(v, token))
        return false;
    hw_inject_pf(v, 0, token);
    return true;
}

static bool report(struct vcpu *v, u32 token)
{
    return v->apf.en & APF_EN_INT ? by_interrupt(v, token) : by_exception(v, token);
}

void apf_deliver(struct vcpu *v)
{
    struct apf *a = &v->apf;

    a->want_window = false;
    while (a->done_count) {
        unsigned i = a->done[a->done_head];

        if (i != APF_WAKE_ALL)
            fault_prefetch(v, a->item[i].gfn); /* A0-4 */
        if (!report(v, i == APF_WAKE_ALL ? APF_TOKEN_WAKE_ALL : a->item[i].token))
            return; /* it stays first; whatever made it wait makes us look again (A0-15, A0-34) */
        a->done_head = (a->done_head + 1) % ARRAY_SIZE(a->done);
        a->done_count--;
        if (i == APF_WAKE_ALL) {
            a->wake_all = a->remind = false;
            stat_add(v->vm, wake_all, 1);
        } else {
            apf_item_free(a, i);
            stat_add(v->vm, ready, 1);
            if (a->unwritable)
                apf_queue_wake_all(v); /* A0-34 */
        }
        a->unwritable = false;
    }
}
