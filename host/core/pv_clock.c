/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pv_clock.c: the guest's clock: areas in its memory that turn the time-stamp counter into ns (A7-4, A7-5).
 *
 * The counter is constant and the same on all CPUs, so all areas hold one and the same line through zero: time is
 * the counter, scaled. PV_CLOCK_STABLE is then true by construction, and an area needs to be written only once.
 */
#include "pv.h"
#include "vm.h"
#include "guestmem.h"
#include "port.h"
#include "abi/kvm_clock.h"
#include "abi/kvm_msr.h"
#include "lib/str.h"

#define NS_PER_S 1000000000ull

/* ns = ((ticks << shift) * mul) >> 32, with the most bits in mul: ticks per second are brought into (1e9, 2e9]. */
static void scale(u64 tsc_khz, u32 *mul, int8_t *shift)
{
    u64 hz = tsc_khz * 1000;

    check(hz, "the time-stamp counter counts");
    for (*shift = 0; hz > 2 * NS_PER_S; --*shift)
        hz >>= 1;
    for (; hz <= NS_PER_S; ++*shift)
        hz <<= 1;
    *mul = (NS_PER_S << 32) / hz;
}

/* An access that a page was absent for is tried again; one that met no memory is the guest's mistake. */
static enum outcome outcome_of(struct vcpu *v, enum guest_access r, gfn_t at)
{
    switch (r) {
    case GUEST_OK:
        return OUTCOME_DONE;
    case GUEST_ABSENT:
        guest_bring(v, at);
        return OUTCOME_AGAIN;
    case GUEST_HOLE:
        break;
    }
    return OUTCOME_GP;
}

/*
 * Fill an area in whose first word is its version: odd, then the contents, then even. Reading it first finds all
 * that can fail before anything changes (D12); a page may yet go between two steps, and all are repeated then.
 */
static enum outcome publish(struct vcpu *v, gpa_t area, const void *body, size_t n)
{
    u8 old[sizeof(struct pv_clock)];
    gfn_t at;
    u32 version;
    enum guest_access r = guest_read(v->vm, area, old, sizeof(version) + n, &at);

    if (r != GUEST_OK)
        return outcome_of(v, r, at);
    memcpy(&version, old, sizeof(version));
    version = (version + 1) | 1;
    r = guest_write32(v->vm, area, version);
    if (r != GUEST_OK)
        return outcome_of(v, r, gpa_gfn(area));
    r = guest_write(v->vm, (gpa_t){area.v + sizeof(version)}, body, n, &at);
    if (r != GUEST_OK)
        return outcome_of(v, r, at);
    return outcome_of(v, guest_write32(v->vm, area, version + 1), gpa_gfn(area));
}

enum outcome pv_clock_system(struct vcpu *v, u64 value)
{
    struct pv_clock c = {.flags = PV_CLOCK_STABLE};
    gpa_t area = {value & ~(u64)PV_CLOCK_ON};
    enum outcome o = OUTCOME_DONE;

    if (value & PV_CLOCK_ON) {
        if (area.v & 3)
            return OUTCOME_GP;
        scale(vm_tsc_khz(v->vm), &c.tsc_to_system_mul, &c.tsc_shift);
        o = publish(v, area, &c.pad0, sizeof(c) - offsetof(struct pv_clock, pad0));
    }
    if (o == OUTCOME_DONE)
        v->clock_msr = value;
    return o;
}

/* As the guest reads it from its areas, at this moment. */
static u64 system_time(const struct vm *vm)
{
    u64 ticks = port_tsc() + vm->tsc_offset;
    int8_t shift;
    u32 mul;

    scale(vm_tsc_khz(vm), &mul, &shift);
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return (u64)((unsigned __int128)ticks * mul >> 32);
}

/* The date at which the system time was 0; the epoch itself, 0, if nobody knows the date. */
enum outcome pv_clock_wall(struct vcpu *v, u64 value)
{
    u64 now = port_wall(), since = system_time(v->vm), start = now > since ? now - since : 0;
    struct pv_wall_clock w = {.sec = (u32)(start / NS_PER_S), .nsec = start % NS_PER_S};
    enum outcome o;

    if (value & 3)
        return OUTCOME_GP;
    o = publish(v, (gpa_t){value}, &w.sec, sizeof(w) - offsetof(struct pv_wall_clock, sec));
    if (o == OUTCOME_DONE)
        at_store(&v->vm->wall_clock_msr, value);
    return o;
}
