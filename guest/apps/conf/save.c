/* SPDX-License-Identifier: BSD-2-Clause */
/* save.c: what must outlive saving and restoring, and what is lost and made good by wake-all (A3.6). */
#include "boot.h"
#include "conf.h"

/*
 * What was saved may come back page by page. With IF = 0 the host waits for each, and tells nobody (A0-9): no
 * case meets an event that it did not ask for.
 */
static bool save(u32 flags)
{
    bool on = read_rflags() & RFLAGS_IF, saved;

    cli();
    saved = expect(hook(HOOK_SAVE, 0, flags) == 1, "the test hook saves and restores");
    for (u64 at = 0; at < boot.image.bytes; at += PAGE_SIZE)
        (void)at_load((const u8 *)(uintptr_t)(boot.image.addr + at));
    if (on)
        sti();
    return saved;
}

void conf_A3_60_registers(void)
{
    u64 en, vec, before = time_us();

    if (!apf_start())
        return;
    en = msr_get(PV_MSR_APF_EN);
    vec = dialect == D_LEGACY ? 0 : msr_get(PV_MSR_APF_VEC);
    if (!save(0))
        return;
    expect_eq("EN", msr_get(PV_MSR_APF_EN), en);
    expect_eq("the vector's MSR", dialect == D_LEGACY ? 0 : msr_get(PV_MSR_APF_VEC), vec);
    expect(time_us() >= before, "a time-stamp counter that does not go back");
}

/* Threads that wait for pages would wait for ever; each tries again after wake-all. */
void conf_A3_61_wake_all(void)
{
    u64 *page[8];
    u32 from;

    if (!apf_start())
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(page); i++) {
        page[i] = page_new();
        miss(page[i], HOOK_HOLD);
        if (!touch_absent(page[i]))
            return;
    }
    from = events_now();
    if (!save(0))
        return;
    expect_wake_all(from);
    for (unsigned i = 0; i < ARRAY_SIZE(page); i++)
        expect_contents(page[i]);
    full_cycle();
}

void conf_A3_62_order(void)
{
    u32 from;

    if (!apf_start())
        return;
    from = events_now();
    if (!save(HOOK_SAVE_APF_BEFORE))
        return;
    expect_wake_all(from);
    full_cycle();
}

/* A ready event that is raised and not taken: it comes once more or twice, and its slot gets free. */
void conf_A3_63_unhandled(void)
{
    u64 *page = page_new();
    struct event *told;
    u32 from;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    told = touch_absent(page);
    if (!told)
        return;
    cli();
    from = events_now();
    done(page, 0);
    for (u64 end = time_us() + SOON; !slot_reports() && time_us() < end;)
        (void)msr_get(PV_MSR_APF_EN); /* an exit */
    if (!save(0)) {
        sti();
        return;
    }
    sti();
    event_wait(from, EV_READY, 2, SOON);
    expect(event_since(from, EV_READY, 0) && event_since(from, EV_READY, 0)->id == told->id,
           "the event that was raised before");
    expect(event_since(from, EV_READY, 1), "wake-all behind it");
    full_cycle();
}

static void touch_halted(void *page)
{
    if (!apf_start_with(en_bits() & ~(u64)APF_EN_ALWAYS))
        return;
    touch_at(0, page, READ);
    apf_stop();
}

/* Another CPU is in an artificial halt. */
void conf_A3_64_halted(void)
{
    u64 *page = page_new();

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    cpu_start(1, touch_halted, page);
    for (u64 end = time_us() + SOON; page_state(page) != HOOK_IS_AWAITED && time_us() < end;)
        spin_us(100);
    if (save(0))
        cpu_wait(1);
    else
        done(page, 0);
}

#define ROUNDS  4
#define AT_ONCE 40

struct race {
    u64 *page[AT_ONCE];
    u32 touched, saved, marker;
    bool ok;
};

/* Not-present events, one behind the other; each #PF without its marker would be an exception that nobody expects. */
static void meet_pages(void *race)
{
    struct race *r = race;
    u32 from;

    if (!apf_start())
        return;
    from = events_now();
    for (unsigned i = 0; i < AT_ONCE; i++) {
        touch_at(0, r->page[i], READ);
        at_store_rel(&r->touched, i + 1);
    }
    while (!at_load_acq(&r->saved))
        at_relax();
    r->ok = expect_wake_all(from);
    r->marker = this_cpu()->apf.slot->word0;
    apf_stop();
}

/* Whether one is on its way just then cannot be seen; it should be, in some round. */
void conf_A3_65_on_its_way(void)
{
    static struct race r;

    for (unsigned round = 0; round < ROUNDS; round++) {
        r = (struct race){.saved = 0};
        pages_again();
        for (unsigned i = 0; i < AT_ONCE; i++) {
            r.page[i] = page_new();
            miss(r.page[i], HOOK_HOLD);
        }
        cpu_start(1, meet_pages, &r);
        for (u64 end = time_us() + SOON; at_load_acq(&r.touched) < 4 + round && time_us() < end;)
            at_relax();
        if (!save(0))
            return;
        at_store_rel(&r.saved, 1);
        if (!cpu_wait(1) || !expect(r.ok, "wake-all on CPU 1"))
            return;
        expect_eq("a marker that no exception came for", r.marker, 0);
    }
}
