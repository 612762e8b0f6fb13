/* SPDX-License-Identifier: BSD-2-Clause */
/* window.c: a slot in memory that cannot be written, is not there, or is absent itself (A0-33 … A0-38). */
#include "conf.h"

#define SHORT 3000 /* us */

static u32 frame; /* of the slot */

/* A slot in the hook's window; false: there is none. */
static bool in_window(void)
{
    s32 f = hook(HOOK_WINDOW, 0, 1);

    if (!expect(f > 0, "a window; seen: %d", f))
        return false;
    frame = (u32)f;
    this_cpu()->apf.slot = (struct apf_slot *)((u64)frame << PAGE_SHIFT);
    return true;
}

static void change(u32 command, u32 on)
{
    s32 r = hook(command, frame, on);

    expect(!r, "the test hook changes the window; seen: %d", r);
}

/* The event that was held, or wake-all in its place. */
static void expect_held(u32 from, u32 id)
{
    struct event *e = event_wait(from, EV_READY, 1, SOON);

    expect(e && (e->id == id || e->id == APF_TOKEN_WAKE_ALL), "ready for 0x%x, or wake-all; seen: %s 0x%x",
           id, e ? "ready for" : "nothing", e ? e->id : 0);
    event_wait(from, EV_READY, 2, QUIET);
}

void conf_A0_33_unwritable(void)
{
    u64 *page = page_new();
    u32 from;
    bool made;

    if (!in_window() || !apf_start())
        return;
    miss(page, SHORT);
    from = events_now();
    change(HOOK_PROTECT, 1);
    made = touch(page, READ);
    change(HOOK_PROTECT, 0);
    expect(made && !events_since(from, EV_ABSENT), "no event that the slot does not speak of");
    expect_eq("marker", at_load(&this_cpu()->apf.slot->word0), 0);
    expect_contents(page);
}

/* A page that comes while the slot is as `command` makes it. */
static void held_by(u32 command)
{
    u64 *page;
    u32 id, from;

    if (!in_window() || !apf_start())
        return;
    page = page_told(&id);
    if (!page)
        return;
    change(command, 1);
    from = events_now();
    done(page, 0);
    spin_us(QUIET);
    expect_eq("events while the slot is away", events_now() - from, 0);
    change(command, 0);
    expect_held(from, id);
}

void conf_A0_34_unwritable(void)
{
    held_by(HOOK_PROTECT);
}

void conf_A0_35_hole(void)
{
    held_by(HOOK_HOLE);
}

/* EN with the slot at `at` is refused, and what was in force still works. */
static void expect_refused(u64 at, const char *what)
{
    u64 before = msr_get(PV_MSR_APF_EN);

    expect(!msr_write(PV_MSR_APF_EN, at | en_bits()), "#GP for a slot %s; seen: none", what);
    expect_eq("EN", msr_get(PV_MSR_APF_EN), before);
}

void conf_A0_37_beyond(void)
{
    if (!apf_start())
        return;
    expect_refused(APF_EN_SLOT_MASK & ~(PAGE_SIZE - 1), "at the highest address");
    expect_refused(1ull << 52, "beyond 52 bits");
}

void conf_A0_37_device(void)
{
    if (!apf_start())
        return;
    expect_refused(0xfee00000, "at the local APIC");
}

void conf_A0_37_rom(void)
{
    s32 rom = hook(HOOK_ROM, 0, 0);

    if (!apf_start() || !expect(rom > 0, "a read-only page; seen: %d", rom))
        return;
    expect_refused((u64)rom << PAGE_SHIFT, "in read-only memory");
}

void conf_A0_38_absent_slot(void)
{
    u64 *page = page_new();
    u32 id, from;

    if (!apf_start())
        return;
    miss(page, SHORT);
    miss(this_cpu()->apf.slot, SHORT);
    from = events_now();
    if (!touch(page, READ))
        event_wait(from, EV_READY, 1, SOON);
    expect_contents(page);
    page = page_told(&id);
    if (!page)
        return;
    from = events_now();
    done(page, 0);
    expect_held(from, id);
}

/* At the very end of a page. */
void conf_A0_30_last_of_page(void)
{
    static u8 area[PAGE_SIZE] __attribute__((aligned(4096)));
    u64 *page;
    u32 id, from;

    this_cpu()->apf.slot = (struct apf_slot *)(void *)(area + PAGE_SIZE - APF_SLOT_SIZE);
    if (!apf_start())
        return;
    page = page_told(&id);
    if (!page)
        return;
    from = events_now();
    done(page, 0);
    expect_held(from, id);
}
