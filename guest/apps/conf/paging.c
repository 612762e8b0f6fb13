/* SPDX-License-Identifier: BSD-2-Clause */
/* paging.c: events around CR0.PG = 0 (A3-55, A3-56). */
#include "conf.h"
#include "desc.h"
#include "frame.h"

/* Paging off, interrupts off, so many ticks of the TSC long (below 2^31); then on again. paging.S */
void paging_off(u32 ticks);
/* … and, with interrupts on, a read of the word at `at` meanwhile. */
u32 paging_off_read(const void *at);
/* The handler of #PF there, which counts, and ends when the page is. */
void told_32(void);
u32 paging_off_told;

static u32 ticks_of_ms(void)
{
    u64 start = rdtsc();

    spin_us(1000);
    return (u32)(rdtsc() - start);
}

static void task_priority(u64 class)
{
    __asm__ volatile("mov %0, %%cr8" : : "r"(class));
}

/* All is as it is where events are told, but for paging. Interrupts, which 32-bit code has no gates for, are held. */
static u32 read_unpaged(const void *at)
{
    static u64 gates[VEC_PF + 1]; /* of 32 bits */
    u64 handler = (u64)(uintptr_t)told_32;
    struct desc_ptr own;
    u32 word;

    gates[VEC_PF] = (handler & 0xffff) | (u64)SEL_CODE32 << 16 | (u64)GATE_INT << 40 | handler >> 16 << 48;
    cli();
    task_priority(15);
    __asm__ volatile("sidt %0" : "=m"(own));
    lidt(&(struct desc_ptr){sizeof(gates) - 1, (u64)(uintptr_t)gates});
    word = paging_off_read(at);
    lidt(&own);
    task_priority(0);
    sti();
    return word;
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
    at_store(&paging_off_told, 0);
    expect_eq("word read", read_unpaged(page), (u32)page_value(page));
    expect_eq("#PF without paging", at_load(&paging_off_told), 0);
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
