/* SPDX-License-Identifier: BSD-2-Clause */
/* trap.c: what interrupted the CPU becomes an event in its log; an access that was told of is given up. */
#include "conf.h"
#include "desc.h"
#include "frame.h"

extern const struct fixup fixups_start[], fixups_end[]; /* link.ld */

static const struct fixup *fixup_at(u64 rip, u64 kind)
{
    for (const struct fixup *x = fixups_start; x < fixups_end; x++)
        if (x->at == rip && x->kind == kind)
            return x;
    return NULL;
}

/* CPL 3 ends here: user_enter() returns `result`. */
static void leave_user(struct frame *f, u64 result)
{
    f->rip = (u64)(uintptr_t)user_left;
    f->cs = SEL_CODE64;
    f->ss = SEL_DATA;
    f->rsp = this_cpu()->user_rsp;
    f->rax = result;
}

/* Give the access up, if it is one of touch.S. */
static bool give_up(struct frame *f)
{
    struct cpu *c = this_cpu();
    const struct fixup *x = fixup_at(f->rip, FIX_TOLD);

    if (f->cs & 3) {
        leave_user(f, 1);
        return true;
    }
    if (x) {
        f->rip = x->resume;
        return true;
    }
    if (!c->told_rip || f->rip != c->told_rip)
        return false;
    f->rip = (u64)(uintptr_t)touch_told;
    f->rsp += sizeof(u64); /* of the CALL */
    return true;
}

static struct event *record(const struct frame *f, u64 cr2)
{
    struct cpu *c = this_cpu();
    struct event *e = &c->log[c->logged % EVENTS_MAX];
    const struct apf_slot *s = c->apf.slot;

    *e = (struct event){
        .kind = EV_IRQ,
        .vector = (u8)f->vector,
        .word0 = at_load(&s->word0),
        .token = at_load(&s->token),
        .error = f->error,
        .cr2 = cr2,
        .rip = f->rip,
        .rflags = f->rflags,
        .cs = (u16)f->cs,
        .tsc = rdtsc(),
    };
    return e;
}

/* The event counts from now on. */
static void publish(struct event *e)
{
    struct cpu *c = this_cpu();

    at_store_rel(&c->logged, c->logged + 1);
    if (c->on_event)
        c->on_event(e);
}

static _Noreturn void unexpected(const struct frame *f, u64 cr2)
{
    fail("exception %lu, error 0x%lx, at 0x%lx (cs 0x%lx, rflags 0x%lx, rsp 0x%lx), cr2 0x%lx", f->vector,
         f->error, f->rip, f->cs, f->rflags, f->rsp, cr2);
    case_abort();
}

/* An access nobody meant to be a test has met an absent page: wait in place until that is there (A4-31). */
static void wait_in_place(u32 id, u32 from)
{
    for (;;) {
        for (u32 i = from; i != events_now(); i++) {
            const struct event *e = &this_cpu()->log[i % EVENTS_MAX];

            if (e->kind == EV_READY && (e->id == id || e->id == APF_TOKEN_WAKE_ALL))
                return;
        }
        sti_hlt();
        cli();
    }
}

static void absent(struct frame *f, struct event *e)
{
    struct cpu *c = this_cpu();
    u32 from = events_now();

    e->kind = EV_ABSENT;
    e->id = (u32)e->cr2;
    if (!c->apf.keep_marker) {
        at_store(&c->apf.slot->word0, 0);
        if (c->apf.dialect == D_PF2)
            ready_ack(); /* A2-13 */
    }
    publish(e);
    if (!give_up(f))
        wait_in_place((u32)e->cr2, from);
}

static void page_fault(struct frame *f, u64 cr2)
{
    struct cpu *c = this_cpu();
    struct event *e = record(f, cr2);

    if (!c->apf.dialect || !e->word0)
        unexpected(f, cr2);
    if (c->apf.dialect != D_INT && e->word0 == APF_REASON_READY) { /* PF2: without APF_EN_INT */
        e->kind = EV_READY;
        e->id = (u32)cr2;
        if (!c->apf.keep_ready)
            at_store(&c->apf.slot->word0, 0);
        publish(e);
    } else {
        absent(f, e);
    }
}

/* Of the interrupt that reports ready. */
static void ready(struct event *e)
{
    struct cpu *c = this_cpu();

    e->kind = EV_READY;
    e->id = e->token;
    publish(e);
    if (!c->apf.keep_ready) {
        ready_free();
        ready_ack();
    }
}

static void interrupt(struct frame *f)
{
    struct cpu *c = this_cpu();
    struct event *e = record(f, 0);

    if (f->vector == SPURIOUS)
        return;
    if (!c->eoi_by_case || f->vector == WAKE)
        apic_eoi();
    if (f->vector == WAKE)
        return;
    if (f->vector == c->apf.vector && c->apf.dialect && c->apf.dialect != D_LEGACY)
        ready(e);
    else
        publish(e);
}

void trap(struct frame *f)
{
    u64 cr2 = read_cr2();
    const struct fixup *x = f->vector == VEC_GP ? fixup_at(f->rip, FIX_GP) : NULL;

    if (x) {
        f->rip = x->resume;
    } else if (f->vector == VEC_UD && fixup_at(f->rip - USER_BASE, FIX_LEAVE)) {
        leave_user(f, f->rax);
    } else if (f->vector == VEC_PF) {
        page_fault(f, cr2);
    } else if (f->vector == VEC_NMI) {
        struct event *e = record(f, cr2);

        e->kind = EV_NMI;
        publish(e);
    } else if (f->vector < VEC_FIRST && !(f->vector == this_cpu()->apf.vector)) {
        struct event *e = record(f, cr2);

        e->kind = EV_EXCEPTION;
        f->rflags &= ~(u64)RFLAGS_TF;
        if (f->vector != VEC_DB && f->vector != VEC_BP)
            unexpected(f, cr2);
        publish(e);
    } else {
        interrupt(f);
    }
}
