/* SPDX-License-Identifier: BSD-2-Clause */
/* many.c: tokens and slots where there are many of them (A0-20, A0-23, A4-40). */
#include "conf.h"

#define ROUNDS     2
#define AT_ONCE    40
#define EXITS_MORE 2

struct told {
    u64 *page[AT_ONCE];
    u32 id[AT_ONCE], touched;
    bool ok;
};

/* Pages that this CPU was told of, at once. */
static void tell(void *to)
{
    struct told *t = to;

    t->ok = true;
    for (unsigned i = 0; i < AT_ONCE && t->ok; i++) {
        struct event *e = touch_absent(t->page[i]);

        t->ok = e;
        t->id[i] = e ? e->id : 0;
    }
}

static void prepare(struct told *t)
{
    t->touched = 0;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        t->page[i] = page_new();
        miss(t->page[i], HOOK_HOLD);
    }
}

static void expect_unique(const u32 *a, const u32 *b)
{
    for (unsigned i = 0; i < AT_ONCE; i++)
        for (unsigned j = 0; j < AT_ONCE; j++)
            if (a != b || i != j)
                expect(a[i] != b[j], "tokens that differ; seen: 0x%x twice", a[i]);
}

static bool finish(const struct told *t, u32 from)
{
    for (unsigned i = 0; i < AT_ONCE; i++)
        done(t->page[i], 0);
    return expect(event_wait(from, EV_READY, AT_ONCE, 5 * SOON), "%u ready events; seen: %u", AT_ONCE,
                  events_since(from, EV_READY));
}

void conf_A0_23_unique(void)
{
    static struct told t;

    if (!apf_start())
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        u32 from = events_now();

        pages_again();
        prepare(&t);
        tell(&t);
        if (!t.ok)
            return;
        expect_unique(t.id, t.id);
        if (!finish(&t, from))
            return;
    }
}

static void on_other(void *to)
{
    struct told *t = to;
    u32 from;

    t->ok = false;
    if (!apf_start())
        return;
    from = events_now();
    tell(t);
    at_store_rel(&t->touched, 1);
    event_wait(from, EV_READY, AT_ONCE, 10 * SOON);
    t->ok = t->ok && events_since(from, EV_READY) == AT_ONCE;
    apf_stop();
}

void conf_A4_40_two_cpus(void)
{
    static struct told here, there;
    u32 from;

    if (!apf_start())
        return;
    prepare(&here);
    prepare(&there);
    there.touched = 0;
    from = events_now();
    cpu_start(1, on_other, &there);
    tell(&here);
    for (u64 end = time_us() + 5 * SOON; !at_load_acq(&there.touched) && time_us() < end;)
        at_relax();
    if (!here.ok || !finish(&here, from))
        return;
    for (unsigned i = 0; i < AT_ONCE; i++)
        done(there.page[i], 0);
    cpu_wait(1);
    expect(there.ok, "CPU 1 was told of all its pages, absent and ready, in its own slot");
    expect_unique(here.id, there.id);
    expect_eq("ready events on CPU 0", events_since(from, EV_READY), AT_ONCE);
}

/* What the host must not touch: the rest of the slot, and what follows it. */
void conf_A0_31_padding(void)
{
    struct apf_slot *s = this_cpu()->apf.slot;

    if (!apf_start())
        return;
    for (unsigned i = 0; i < sizeof(s->pad); i++)
        s->pad[i] = (u8)(0xa0 + i);
    s[1].word0 = s[1].token = 0x77777777;
    for (unsigned i = 0; i < 20; i++) {
        u64 *page = page_new();
        u32 from;

        miss(page, HOOK_HOLD);
        if (!touch_absent(page))
            return;
        from = events_now();
        done(page, 0);
        if (!expect(event_wait(from, EV_READY, 1, SOON), "ready"))
            return;
    }
    for (unsigned i = 0; i < sizeof(s->pad); i++)
        expect_eq("padding", s->pad[i], (u8)(0xa0 + i));
    expect_eq("word behind the slot", s[1].word0, 0x77777777);
    expect_eq("next word behind the slot", s[1].token, 0x77777777);
}

static u32 exits_of_halt(void)
{
    u32 from = events_now();
    s32 before = hook(HOOK_COUNT, 0, HOOK_COUNT_EXITS);

    event_halt(from, EV_READY, 1, 20000);
    return (u32)(hook(HOOK_COUNT, 0, HOOK_COUNT_EXITS) - before);
}

/* An idle guest must not pay for being ready to be told. */
void conf_A0_15_idle(void)
{
    u32 off, on;

    exits_of_halt();
    off = exits_of_halt();
    if (!apf_start())
        return;
    on = exits_of_halt();
    for (unsigned i = 0; i < 4 && on > off + EXITS_MORE; i++)
        on = exits_of_halt(); /* what else the machine does may have disturbed one */
    expect(on <= off + EXITS_MORE, "as many exits asleep with APF on, %u, as off, %u", on, off);
}
