/* SPDX-License-Identifier: BSD-2-Clause */
/* absent.c: what a not-present event looks like, whatever access met the absent page (A3-39, A0-1, A0-25, A2-5). */
#include "conf.h"
#include "frame.h"
#include "mmu.h"

#define RET 0xc3

bool touch_movs(void *to, void *from);

/* The page comes, and the event that tells of it. */
static void finish(const void *page, const struct event *told)
{
    u32 from = events_now();

    done(page, 0);
    expect_ready(from, 1, told->id);
}

void conf_A3_39_told(void)
{
    u64 *page = page_new();
    struct event *e;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    e = touch_absent(page);
    if (!e)
        return;
    expect_eq("RIP", e->rip, touch_rip(READ));
    expect_eq("CS", e->cs, touch_cpl() ? SEL_USER_CODE : SEL_CODE64);
    expect_eq("state of the page", (u64)page_state(page), HOOK_IS_AWAITED);
    finish(page, e);
    expect_contents(page);
}

void conf_A0_25_cr2(void)
{
    u64 *page = page_new();
    struct event *e;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    e = touch_absent(page);
    if (!e)
        return;
    expect_eq("bits 63:32 of CR2", e->cr2 >> 32, 0);
    finish(page, e);
}

void conf_A2_5_both_words(void)
{
    u64 *page = page_new();
    struct event *e;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    e = touch_absent(page);
    if (!e)
        return;
    expect_eq("token in the slot", e->token, e->cr2);
    finish(page, e);
}

void conf_A3_39_write(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    from = events_now();
    if (!expect(!touch(page, WRITE), "a not-present event for a write; seen: none"))
        return;
    expect_eq("error code", event_since(from, EV_ABSENT, 0)->error, 0);
    finish(page, event_since(from, EV_ABSENT, 0));
    expect(touch(page, WRITE), "the write succeeds after ready");
    expect_contents(page);
}

void conf_A3_39_fetch(void)
{
    u64 *page = page_new();
    u32 from;

    *(u8 *)page = RET;
    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    from = events_now();
    if (!expect(!touch(page, EXECUTE), "a not-present event for a fetch; seen: none"))
        return;
    expect_eq("RIP", event_since(from, EV_ABSENT, 0)->rip, touch_address(page));
    expect_eq("error code", event_since(from, EV_ABSENT, 0)->error, 0);
    finish(page, event_since(from, EV_ABSENT, 0));
    expect(touch(page, EXECUTE), "the code runs after ready");
}

/* The page that is absent is one that the CPU walks through on its way to another. */
void conf_A3_39_walk(void)
{
    u64 *table = page_new(), *page = page_new();
    void *at = mmu_by_way_of(table, page);
    u32 from;

    if (!apf_start())
        return;
    miss(table, HOOK_HOLD);
    from = events_now();
    if (expect(!touch_at(0, at, READ) || touch_cpl(), "a not-present event for the table; seen: none") &&
        event_since(from, EV_ABSENT, 0)) {
        finish(table, event_since(from, EV_ABSENT, 0));
        expect(touch_at(0, at, READ), "the access succeeds after ready");
    }
    mmu_forget(at);
}

/* Two operands, two events, one after the other, and the instruction as if nothing had been. */
void conf_A0_3_two_operands(void)
{
    u64 *from_page = page_new(), *to_page = page_new(), *pages[] = {from_page, to_page};
    unsigned told = 0;

    if (touch_cpl()) {
        skip("it accesses pages at CPL 0");
        return;
    }
    if (!apf_start())
        return;
    miss(from_page, HOOK_HOLD);
    miss(to_page, HOOK_HOLD);
    for (u32 from = events_now(); touch_movs(to_page, from_page) && told < 2; from = events_now()) {
        struct event *e = event_since(from, EV_ABSENT, 0);
        unsigned which = page_state(from_page) == HOOK_IS_AWAITED ? 0 : 1;

        told++;
        finish(pages[which], e);
    }
    expect_eq("not-present events", told, 2);
    expect_eq("word moved", *to_page, page_value(from_page));
}

static void nested(struct event *e)
{
    static u64 *second;

    (void)e;
    this_cpu()->on_event = NULL;
    second = page_new();
    miss(second, HOOK_HOLD);
    sti();
    touch(second, READ);
    cli();
}

/* A handler that has cleared the marker may be told again. */
void conf_A3_40_nested(void)
{
    u64 *page = page_new();
    u32 from;

    if (touch_cpl()) {
        skip("it accesses pages at CPL 0");
        return;
    }
    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    from = events_now();
    this_cpu()->on_event = nested;
    expect(!touch(page, READ), "a not-present event");
    expect_eq("not-present events", events_since(from, EV_ABSENT), 2);
    for (unsigned i = 0; i < events_since(from, EV_ABSENT); i++)
        expect_eq("marker", event_since(from, EV_ABSENT, i)->word0, 1);
}

/* Single-stepping: the trap comes once, and the handler of the event is not stepped. */
void conf_A0_9_single_step(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    miss(page, 2000);
    from = events_now();
    touch_stepping(page);
    expect_eq("debug traps", events_since(from, EV_EXCEPTION), 1);
    expect(events_since(from, EV_ABSENT) <= 1, "one event at most");
}
