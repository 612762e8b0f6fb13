/* SPDX-License-Identifier: BSD-2-Clause */
/* disable.c: what EN = 0 ends, and what a second activation keeps. */
#include "conf.h"

#define WAIT_US  20000 /* until a host has noticed that a page is there; WRMSR of EN = 0 may wait for that */
#define LEFTOVER 0x1234

static void off(void)
{
    msr_set(PV_MSR_APF_EN, 0);
}

/* Three pages are told of; false: a failure. */
static bool three_told(u64 *page[3], struct event told[3])
{
    for (unsigned i = 0; i < 3; i++) {
        struct event *e;

        page[i] = page_new();
        miss(page[i], HELD);
        e = touch_absent(page[i]);
        if (!e)
            return false;
        told[i] = *e;
    }
    return true;
}

/* One finished and, but in LEGACY, told; one finished that cannot be told; one outstanding (T-A-034). */
static bool three_stages(u64 *page[3])
{
    struct event told[3];
    u32 from = events_now();

    this_cpu()->apf.keep_ready = true;
    if (!three_told(page, told))
        return false;
    if (dialect == D_LEGACY)
        cli();
    done(page[0], 0);
    if (dialect != D_LEGACY && !expect(event_wait(from, EV_READY, 1, SOON), "ready of the first page"))
        return false;
    done(page[1], 0);
    spin_us(QUIET);
    done(page[2], WAIT_US);
    return true;
}

/* By a write of EN with these bits. */
static void dropped_by(u64 bits)
{
    struct apf_slot *s = this_cpu()->apf.slot, before;
    u64 *page[3];
    u32 from;

    if (!apf_start() || !three_stages(page))
        return;
    before = *s;
    from = events_now();
    msr_set(PV_MSR_APF_EN, bits ? (u64)(uintptr_t)s | bits : 0);
    sti();
    spin_us(WAIT_US);
    expect_quiet(from);
    expect_eq("word 0", at_load(&s->word0), before.word0);
    expect_eq("token", at_load(&s->token), before.token);
    for (unsigned i = 0; i < 3; i++)
        expect_contents(page[i]);
    this_cpu()->apf.keep_ready = false;
    *s = (struct apf_slot){0};
    from = events_now();
    apf_write(en_bits());
    expect_one_wake_all(from);
}

void conf_A1_11_dropped(void)
{
    dropped_by(0);
}

void conf_A2_21_dropped(void)
{
    dropped_by(0);
}

void conf_A3_36_dropped(void)
{
    dropped_by(0);
}

void conf_A3_36_half(void)
{
    dropped_by(APF_EN_ON | APF_EN_ALWAYS);
    dropped_by(APF_EN_INT | APF_EN_ALWAYS);
}

/* A wake-all that nobody has taken yet. */
static void queued(void)
{
    struct cpu *c = this_cpu();
    u32 from;

    c->apf.keep_ready = true;
    if (dialect == D_LEGACY) {
        cli();
        apf_write(en_bits());
    } else {
        if (!apf_start())
            return;
        apf_write(en_bits());
    }
    from = events_now();
    off();
    sti();
    ready_free();
    ready_ack();
    expect_quiet(from);
    expect(!slot_reports(), "the slot as the guest left it");
}

void conf_A1_11_queued(void)
{
    queued();
}

void conf_A2_21_queued(void)
{
    queued();
}

void conf_A3_36_queued(void)
{
    queued();
}

/* An interrupt that was raised before may come; the slot is not touched. */
void conf_A3_36_stray(void)
{
    u32 from = events_now();

    this_cpu()->apf.keep_ready = true;
    cli();
    apf_write(en_bits());
    expect(slot_reports_soon(), "wake-all in the slot");
    off();
    sti();
    spin_us(QUIET);
    expect(events_since(from, EV_READY) <= 1, "one interrupt at most; seen: %u",
           events_since(from, EV_READY));
    expect_eq("token", at_load(&this_cpu()->apf.slot->token), APF_TOKEN_WAKE_ALL);
}

/* EN with another slot; the old one has a pattern. */
static bool move(void)
{
    struct cpu *c = this_cpu();
    u32 from = events_now();

    c->slots[0].word0 = c->slots[0].token = LEFTOVER;
    c->apf.slot = &c->slots[9];
    *c->apf.slot = (struct apf_slot){0};
    apf_write(en_bits());
    return expect_one_wake_all(from);
}

static void old_slot_untouched(void)
{
    expect_eq("word 0 of the old slot", this_cpu()->slots[0].word0, LEFTOVER);
    expect_eq("token of the old slot", this_cpu()->slots[0].token, LEFTOVER);
}

void conf_A3_37_moved(void)
{
    if (apf_start() && move())
        old_slot_untouched();
}

void conf_A3_37_outstanding(void)
{
    struct event *told, *e;
    u64 *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    miss(page, HELD);
    told = touch_absent(page);
    if (!told || !move())
        return;
    from = events_now();
    done(page, 0);
    e = event_wait(from, EV_READY, 1, SOON);
    if (expect(e, "ready in the new slot"))
        expect_eq("token", e->id, told->id);
    old_slot_untouched();
}

/* Nobody acknowledged the last one before EN = 0: the next is raised nevertheless, with no exit to wait for. */
void conf_A3_35_off_and_on(void)
{
    struct cpu *c = this_cpu();
    struct event *told, *e;
    u64 *page = page_new();
    u32 from;

    c->apf.keep_ready = true;
    if (!apf_start())
        return;
    off();
    if (!apf_start())
        return;
    ready_free();
    miss(page, HELD);
    told = touch_absent(page);
    from = events_now();
    done(page, QUIET);
    if (!told)
        return;
    e = event_wait(from, EV_READY, 1, SOON);
    if (expect(e, "ready, though the one before EN = 0 was never acknowledged"))
        expect_eq("token", e->id, told->id);
}

/* The same EN once more: one wake-all, and all that is outstanding is reported (T-A-032). */
void conf_A3_37_kept(void)
{
    struct event told[3], *e;
    u64 *page[3];
    u32 from;

    if (!apf_start() || !three_told(page, told))
        return;
    from = events_now();
    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    if (!expect_one_wake_all(from))
        return;
    for (unsigned i = 0; i < 3; i++) {
        from = events_now();
        done(page[i], 0);
        e = event_wait(from, EV_READY, 1, SOON);
        if (!expect(e, "ready of page %u", i))
            return;
        expect_eq("token", e->id, told[i].id);
        expect_contents(page[i]);
    }
}

/* Behind what is finished already (T-A-033). */
void conf_A3_30_queued(void)
{
    struct event told[3];
    u64 *page[3];
    u32 from;

    if (!apf_start() || !three_told(page, told))
        return;
    from = events_now();
    at_store(&this_cpu()->apf.slot->token, LEFTOVER);
    for (unsigned i = 0; i < 2; i++) {
        done(page[i], 0);
        spin_us(WAIT_US);
    }
    msr_set(PV_MSR_APF_EN, msr_get(PV_MSR_APF_EN));
    expect_quiet(from);
    ready_free();
    ready_ack();
    if (!expect(event_wait(from, EV_READY, 3, SOON), "three events; seen: %u", events_since(from, EV_READY)))
        return;
    expect_eq("the first", event_since(from, EV_READY, 0)->id, told[0].id);
    expect_eq("the second", event_since(from, EV_READY, 1)->id, told[1].id);
    expect_eq("the third", event_since(from, EV_READY, 2)->id, APF_TOKEN_WAKE_ALL);
}
