/* SPDX-License-Identifier: BSD-2-Clause */
/* event.c: the log of what came to this CPU, and waiting for more. */
#include "conf.h"

u32 events_now(void)
{
    return at_load_acq(&this_cpu()->logged);
}

struct event *event_since(u32 from, enum event_kind kind, unsigned n)
{
    struct cpu *c = this_cpu();

    for (u32 i = from; i != events_now(); i++)
        if (c->log[i % EVENTS_MAX].kind == kind && !n--)
            return &c->log[i % EVENTS_MAX];
    return NULL;
}

unsigned events_since(u32 from, enum event_kind kind)
{
    unsigned n = 0;

    while (event_since(from, kind, n))
        n++;
    return n;
}

struct event *event_wait(u32 from, enum event_kind kind, unsigned n, u64 us)
{
    u64 end = time_us() + us;
    bool on = read_rflags() & RFLAGS_IF;
    struct event *e;

    sti();
    while (!(e = event_since(from, kind, n - 1)) && time_us() < end)
        at_relax();
    if (!on)
        cli();
    return e;
}

struct event *event_halt(u32 from, enum event_kind kind, unsigned n, u64 us)
{
    u64 end = time_us() + us;
    bool on = read_rflags() & RFLAGS_IF;
    struct event *e;

    cli();
    while (!(e = event_since(from, kind, n - 1)) && time_us() < end) {
        apic_timer_us((u32)(end - time_us()) + 1);
        sti_hlt();
        cli();
    }
    apic_timer_us(0);
    if (on)
        sti();
    return e;
}

void expect_quiet(u32 from)
{
    struct event *e;

    if (!(e = event_wait(from, EV_ABSENT, 1, QUIET)))
        e = event_since(from, EV_READY, 0);
    expect(!e, "no event; seen: %s, vector %u, id 0x%x", e && e->kind == EV_READY ? "ready" : "not-present",
           e ? e->vector : 0, e ? e->id : 0);
}
