/* SPDX-License-Identifier: BSD-2-Clause */
/* pv_eoi.c: the word by which a guest ends interrupts: its MSR, before an entry, after it. */
#include "pv_eoi.h"
#include "vm.h"
#include "guestmem.h"
#include "abi/kvm_msr.h"

static gpa_t word(const struct vcpu *v)
{
    return (gpa_t){v->eoi_msr & ~(u64)(PV_EOI_ON | PV_EOI_RSVD)};
}

/* Another vCPU has no business in the word; if it writes there all the same, the other bits are its own. */
static void set(void *at, void *unused)
{
    (void)unused;
    at_or((u32 *)at, PV_EOI_SKIP);
}

static void take(void *at, void *was)
{
    *(bool *)was = at_and((u32 *)at, ~(u32)PV_EOI_SKIP) & PV_EOI_SKIP;
}

void pv_eoi_arm(struct vcpu *v)
{
    v->due &= ~DUE_EOI;
    if (lapic_in_service(v) == 1 && !lapic_requested(v) && guest_at(v->vm, word(v), set, NULL) == GUEST_OK)
        v->due |= DUE_EOI_LOOK;
}

off_path bool pv_eoi_accept(struct vcpu *v, u8 vector)
{
    if (v->due & DUE_EOI_LOOK)
        return false;
    lapic_accept(v, vector);
    pv_eoi_arm(v);
    return true;
}

off_path bool pv_eoi_settle(struct vcpu *v)
{
    bool still_set = false; /* a word that is no memory any more: as if the guest had cleared it */

    if (guest_at(v->vm, word(v), take, &still_set) == GUEST_ABSENT) {
        guest_bring(v, gpa_gfn(word(v)));
        return false;
    }
    v->due &= ~DUE_EOI_LOOK;
    if (still_set)
        v->due |= DUE_EOI;
    else
        lapic_end_sole(v);
    return true;
}

static enum outcome write(struct vcpu *v, u64 value)
{
    if (value & PV_EOI_RSVD)
        return OUTCOME_GP;
    if ((value & PV_EOI_ON) && !slot_find_ram(v->vm, gpa_gfn((gpa_t){value})))
        return OUTCOME_GP;
    v->eoi_msr = value;
    v->due &= ~DUE_EOI;
    return OUTCOME_DONE;
}

enum outcome pv_eoi_msr(struct vcpu *v, struct exit *e)
{
    if (e->msr.write)
        return write(v, e->msr.value);
    e->msr.value = v->eoi_msr;
    return OUTCOME_DONE;
}

void pv_eoi_reset(struct vcpu *v)
{
    v->eoi_msr = 0;
    v->due &= ~(DUE_EOI | DUE_EOI_LOOK);
}
