/* SPDX-License-Identifier: BSD-2-Clause */
/* lapic_ipi.c: interprocessor interrupts: whom an ICR write addresses, and what each gets (SDM vol. 3, 10.6). */
#include "lapic_parts.h"
#include "vm.h"

#define ICR_MODE      0x700u
#define ICR_FIXED     0x000u
#define ICR_LOWEST    0x100u
#define ICR_NMI       0x400u
#define ICR_INIT      0x500u
#define ICR_STARTUP   0x600u
#define ICR_LOGICAL   0x800u
#define ICR_ASSERT    0x4000u
#define ICR_LEVEL     0x8000u
#define ICR_SHORTHAND 0xc0000u
#define ICR_SELF      0x40000u
#define ICR_ALL       0x80000u
#define ICR_OTHERS    0xc0000u
#define ICR_RSVD      0xfff33000u /* bits 12, 13, 16, 17, 20-31 */
#define ICR_BROADCAST 0xffffffffu
#define ICR_DEST_X    56 /* xAPIC: destination in bits 63:56 */

/* xAPIC */
#define BROADCAST_X 0xffu
#define DFR_FLAT    0xfu
#define DFR_CLUSTER 0x0u

static u32 mode_of(u64 icr)
{
    return icr & ICR_MODE;
}

static bool carries_vector(u64 icr)
{
    return mode_of(icr) == ICR_FIXED || mode_of(icr) == ICR_LOWEST;
}

/* Not supported since the Pentium 4. */
static bool init_deassert(u64 icr)
{
    return mode_of(icr) == ICR_INIT && (icr & ICR_LEVEL) && !(icr & ICR_ASSERT);
}

/* Flat: a bit a CPU. Cluster: its number in 4 bits, then a bit a CPU (SDM vol. 3, 10.6.2.2). */
static bool logical_x(const struct lapic *to, u32 dest)
{
    u32 id = at_load(&to->ldr) >> 24, common = id & dest;

    switch (at_load(&to->dfr) >> 28) {
    case DFR_FLAT:
        return dest <= 0xff && common;
    case DFR_CLUSTER:
        return dest >> 4 == id >> 4 && (common & 0xf);
    }
    return false;
}

/* What a destination means depends on the mode of who is to answer to it. */
static bool addressed(const struct vcpu *to, u64 icr)
{
    u32 dest = icr >> 32, ldr = lapic_ldr(to);

    if (dest == ICR_BROADCAST)
        return true;
    if (!(icr & ICR_LOGICAL))
        return dest == to->id;
    if (!(at_load(&to->lapic.base) & APIC_BASE_X2))
        return logical_x(&to->lapic, dest);
    return dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff);
}

/*
 * Lowest priority goes to everyone addressed, as fixed does. SMI and the reserved modes do not exist here. False: it
 * did not arrive.
 */
static bool deliver(struct vcpu *to, u64 icr)
{
    if (carries_vector(icr)) {
        lapic_raise(to, icr);
        return lapic_enabled(to);
    }
    switch (mode_of(icr)) {
    case ICR_NMI:
        at_store(&to->pub.nmi, 1);
        break;
    case ICR_INIT:
        at_store(&to->pub.sipi, SIPI_NONE); /* only a start-up IPI after the INIT counts */
        at_store_rel(&to->pub.init, 1);
        break;
    case ICR_STARTUP:
        at_store(&to->pub.sipi, (u32)(icr & 0xff));
        break;
    default:
        return false;
    }
    vcpu_request(to, REQ_EVENT);
    return true;
}

/* Shorthands that include the sender exist for fixed delivery only (table 10-3); all else goes nowhere. */
static bool reaches(const struct vcpu *from, const struct vcpu *to, u64 icr)
{
    switch (icr & ICR_SHORTHAND) {
    case ICR_SELF:
        return to == from && mode_of(icr) == ICR_FIXED;
    case ICR_ALL:
        return mode_of(icr) == ICR_FIXED;
    case ICR_OTHERS:
        return to != from;
    }
    return addressed(to, icr);
}

static always_inline void send(struct vcpu *v, u64 icr)
{
    struct vm *vm = v->vm;

    if (carries_vector(icr) && (icr & 0xff) < VECTOR_FIRST_LEGAL) {
        lapic_error(v, ESR_SEND_ILLEGAL);
        return;
    }
    if (init_deassert(icr))
        return;
    for (unsigned i = 0; i < vm->vcpus; i++)
        if (reaches(v, vm->vcpu[i], icr))
            (void)deliver(vm->vcpu[i], icr);
}

bool lapic_send(struct vcpu *v, u64 icr)
{
    if (icr & ICR_RSVD)
        return false;
    v->lapic.icr = icr;
    send(v, icr);
    return true;
}

void lapic_send_low(struct vcpu *v, u32 value)
{
    u32 low = value & ~ICR_RSVD;
    u64 dest = v->lapic.icr >> ICR_DEST_X;

    v->lapic.icr = (v->lapic.icr & ~(u64)~0u) | low;
    send(v, (dest == BROADCAST_X ? ICR_BROADCAST : dest) << 32 | low);
}

bool lapic_can_send_to(u32 icr)
{
    return !(icr & (ICR_LOGICAL | ICR_SHORTHAND));
}

unsigned lapic_send_to(struct vm *vm, u64 first, u64 members, u32 icr)
{
    unsigned count = 0;

    if (init_deassert(icr))
        return 0;
    for (u64 i = first; members && i < vm->vcpus; i++, members >>= 1)
        count += (members & 1) && deliver(vm->vcpu[i], icr);
    return count;
}

bool lapic_send_self(struct vcpu *v, u64 value)
{
    if (value & ~0xffull)
        return false;
    if (value < VECTOR_FIRST_LEGAL)
        lapic_error(v, ESR_SEND_ILLEGAL | ESR_RECEIVE_ILLEGAL);
    else
        lapic_raise(v, value);
    return true;
}
