/* SPDX-License-Identifier: BSD-2-Clause */
/* ready.c: the ready event: its token, its order, and that it waits for the slot and for the acknowledgement (A3.3). */
#include "conf.h"

#define MANY 10

struct pages {
    u64 *page[MANY];
    u32 id[MANY];
};

/* n pages that the guest was told are absent. */
static bool tell(struct pages *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        p->page[i] = page_told(&p->id[i]);
        if (!p->page[i])
            return false;
    }
    return true;
}

/* What the guest owes after a ready event that keep_ready has left. */
static void take(void)
{
    ready_free();
    ready_ack();
}

void conf_A3_32_ready(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 1))
        return;
    from = events_now();
    done(p.page[0], 0);
    if (!expect_ready(from, 1, p.id[0]))
        return;
    expect_contents(p.page[0]);
    expect_quiet(from + 1);
}

/* The not-present word is none of ready's business. */
void conf_A3_32_flags(void)
{
    struct apf_slot *s = this_cpu()->apf.slot;
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 1))
        return;
    at_store(&s->word0, 0xa5a5a5a4);
    from = events_now();
    done(p.page[0], 0);
    if (expect_ready(from, 1, p.id[0]))
        expect_eq("flags", at_load(&s->word0), 0xa5a5a5a4);
}

void conf_A3_31_if_clear(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 1))
        return;
    from = events_now();
    cli();
    done(p.page[0], 0);
    for (u64 end = time_us() + SOON; !slot_reports() && time_us() < end;)
        (void)msr_get(PV_MSR_APF_EN); /* an exit */
    expect(slot_reports(), "the slot reports ready while IF = 0");
    expect_eq("events while IF = 0", events_now() - from, 0);
    sti();
    expect_ready(from, 1, p.id[0]);
}

void conf_A3_31_user(void)
{
    struct pages p;
    u32 from;

    if (!apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS))
        return;
    p.page[0] = page_new();
    miss(p.page[0], HOOK_HOLD);
    from = events_now();
    if (!expect(!touch_at(3, p.page[0], READ), "a not-present event at CPL 3"))
        return;
    p.id[0] = event_since(from, EV_ABSENT, 0)->id;
    done(p.page[0], 0);
    expect_ready(from, 1, p.id[0]);
}

void conf_A3_31_slot_busy(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 3))
        return;
    this_cpu()->apf.keep_ready = true;
    from = events_now();
    done(p.page[2], 0);
    if (!expect_ready(from, 1, p.id[2]))
        return;
    done(p.page[0], 0);
    done(p.page[1], 0);
    expect_quiet(from + 1);
    take();
    if (!expect_ready(from, 2, p.id[0]))
        return;
    expect_quiet(from + 2);
    take();
    expect_ready(from, 3, p.id[1]);
    take();
}

/* Cleared and not acknowledged: it may come now or wait for the acknowledgement, but it is not lost. */
void conf_A3_33_no_ack(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 2))
        return;
    this_cpu()->apf.keep_ready = true;
    from = events_now();
    done(p.page[0], 0);
    if (!expect_ready(from, 1, p.id[0]))
        return;
    done(p.page[1], 0);
    ready_free();
    event_wait(from, EV_READY, 2, QUIET);
    ready_ack();
    expect_ready(from, 2, p.id[1]);
    take();
}

void conf_A3_31_ack_without_clear(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 2))
        return;
    this_cpu()->apf.keep_ready = true;
    from = events_now();
    done(p.page[0], 0);
    if (!expect_ready(from, 1, p.id[0]))
        return;
    done(p.page[1], 0);
    ready_ack();
    expect_quiet(from + 1);
    take();
    expect_ready(from, 2, p.id[1]);
    take();
}

/* ACK with bit 0 clear is no acknowledgement. */
void conf_A3_22_bit0(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 2))
        return;
    this_cpu()->apf.keep_ready = true;
    from = events_now();
    done(p.page[0], 0);
    if (!expect_ready(from, 1, p.id[0]))
        return;
    done(p.page[1], 0);
    msr_set(PV_MSR_APF_ACK, ~(u64)APF_ACK_READY);
    expect_quiet(from + 1);
    take();
    expect_ready(from, 2, p.id[1]);
    take();
}

void conf_A3_32_order(void)
{
    static const unsigned order[MANY] = {3, 1, 4, 0, 5, 9, 2, 6, 8, 7};
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, MANY))
        return;
    this_cpu()->apf.keep_ready = true;
    from = events_now();
    for (unsigned i = 0; i < MANY; i++) {
        done(p.page[order[i]], 0);
        spin_us(2000); /* so that they are complete in this order */
    }
    for (unsigned i = 0; i < MANY; i++) {
        if (!expect_ready(from, i + 1, p.id[order[i]]))
            return;
        take();
    }
    expect_quiet(from + MANY);
}

/* A guest that never exits of its own accord is told all the same. */
void conf_A3_34_kick(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 1))
        return;
    from = events_now();
    done(p.page[0], 5000);
    expect_ready(from, 1, p.id[0]);
}

struct race {
    u64 *page[2];
    u32 turn;
};

static void complete(void *arg)
{
    struct race *r = arg;

    for (unsigned i = 0; i < 2; i++) {
        done(r->page[i], 0);
        spin_us(r->turn % 16);
    }
}

#define RACES 32

/* In either order: hosts may complete two pages at once. */
static bool both(u32 a, u32 b, const u32 *id)
{
    return (a == id[0] && b == id[1]) || (a == id[1] && b == id[0]);
}

/* The second page comes while the first is acknowledged. */
void conf_A3_34_race(void)
{
    struct race r;

    if (!apf_start())
        return;
    for (r.turn = 0; r.turn < RACES; r.turn++) {
        struct pages p;
        u32 from;

        if (!tell(&p, 2))
            return;
        r.page[0] = p.page[0];
        r.page[1] = p.page[1];
        from = events_now();
        cpu_start(1, complete, &r);
        if (!expect(event_wait(from, EV_READY, 2, SOON), "two ready events, turn %u; seen: %u", r.turn,
                    events_since(from, EV_READY)) ||
            !cpu_wait(1))
            return;
        expect(both(event_since(from, EV_READY, 0)->id, event_since(from, EV_READY, 1)->id, p.id),
               "tokens 0x%x and 0x%x; seen: 0x%x, 0x%x", p.id[0], p.id[1], event_since(from, EV_READY, 0)->id,
               event_since(from, EV_READY, 1)->id);
    }
}

/* Only reason gates: the token may stay (A2-11). */
void conf_A2_11_token_stays(void)
{
    struct apf_slot *s = this_cpu()->apf.slot;
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 2))
        return;
    at_store(&s->token, 0x5555);
    from = events_now();
    done(p.page[0], 0);
    if (!expect_ready(from, 1, p.id[0]))
        return;
    done(p.page[1], 0);
    expect_ready(from, 2, p.id[1]);
}

void conf_A2_5_reason(void)
{
    struct pages p;
    struct event *e;
    u32 from;

    if (!apf_start() || !tell(&p, 1))
        return;
    from = events_now();
    done(p.page[0], 0);
    e = event_wait(from, EV_READY, 1, SOON);
    if (expect(e, "ready"))
        expect_eq("reason", e->word0, APF_REASON_READY);
}

/* Without bit 3 of EN ready is an exception. */
void conf_A2_6_exception(void)
{
    u64 *page = page_new();
    struct event *e;
    u32 from;

    if (host_is_dual()) {
        skip("dual: without bit 3 APF is off (A5-5)");
        return;
    }
    dialect = D_LEGACY; /* that is how it looks to the handlers */
    msr_set(PV_MSR_APF_PF2, APF_PF2_ON | VECTOR);
    from = events_now();
    apf_write(en_bits());
    e = event_wait(from, EV_READY, 1, SOON);
    if (!expect(e && e->vector == 14, "wake-all by #PF"))
        return;
    miss(page, HOOK_HOLD);
    if (!touch_absent(page))
        return;
    from = events_now();
    done(page, 0);
    e = event_wait(from, EV_READY, 1, SOON);
    expect(e && e->vector == 14, "ready by #PF");
}

void conf_A1_13_if_clear(void)
{
    struct pages p;
    u32 from;

    if (!apf_start() || !tell(&p, 1))
        return;
    from = events_now();
    cli();
    done(p.page[0], 0);
    for (u64 end = time_us() + QUIET; time_us() < end;)
        (void)msr_get(PV_MSR_APF_EN); /* exits */
    expect_eq("events while IF = 0", events_now() - from, 0);
    sti();
    expect_ready(from, 1, p.id[0]);
}

/* The page is there before the guest has been told that it is not: both events, in order, or none. */
void conf_A1_14_at_once(void)
{
    u64 *page = page_new();
    struct event *told, *ready;
    u32 from;
    bool made;

    if (!apf_start())
        return;
    miss(page, 0);
    from = events_now();
    made = touch(page, READ);
    told = event_since(from, EV_ABSENT, 0);
    ready = event_wait(from, EV_READY, 1, told ? SOON : QUIET);
    expect(made == !told, "an access that is made, or an event");
    expect(!told == !ready, "both events or neither; seen: %s", told ? "not-present" : "ready");
    if (told && ready)
        expect_eq("token of ready", ready->id, told->id);
    expect_contents(page);
}
