/* SPDX-License-Identifier: BSD-2-Clause */
/* paging.c: events around CR0.PG = 0 (A3-55, A3-56). */
#include "conf.h"

/* Paging off, interrupts off, so many ticks of the TSC long (below 2^31); then on again. paging.S */
void paging_off(u32 ticks);
/* … and a read of the word at `at` meanwhile. */
u32 paging_off_read(const void *at);

static u32 ticks_of_ms(void)
{
    u64 start = rdtsc();

    spin_us(1000);
    return (u32)(rdtsc() - start);
}

/* Without paging there is no #PF to tell with: the access waits. */
void conf_A3_38_paging_off(void)
{
    u64 *page = page_new();
    u32 from;

    if (!apf_start())
        return;
    miss(page, 3000);
    from = events_now();
    cli();
    expect_eq("word read", paging_off_read(page), (u32)page_value(page));
    sti();
    expect_quiet(from);
}

static void held(u32 us_from_now, u32 ms_off)
{
    u64 *page = page_new();
    struct event *told, *ready;
    u32 from, ticks = ticks_of_ms() * ms_off;

    if (!apf_start())
        return;
    miss(page, HOOK_HOLD);
    told = touch_absent(page);
    if (!told)
        return;
    cli();
    from = events_now();
    done(page, us_from_now);
    paging_off(ticks);
    sti();
    ready = event_wait(from, EV_READY, 1, SOON);
    if (expect(ready, "ready for 0x%x; seen: nothing", told->id))
        expect_eq("token", ready->id, told->id);
    expect_quiet(from + 1);
}

/* The page comes while paging is off. */
void conf_A3_55_comes_meanwhile(void)
{
    held(2000, 5);
}

/* It came before, and is not taken yet. */
void conf_A3_56_came_before(void)
{
    held(0, 1);
}
