/* SPDX-License-Identifier: BSD-2-Clause */
/* page.c: pages for tests, and the hook that makes them go missing. */
#include "runner.h"

static u64 pages[PAGES][PAGE_WORDS] __attribute__((aligned(4096)));
static unsigned next, most; /* so many were taken, and at most at once */
static u32 hook_lock;

u64 page_value(const u64 *page)
{
    return 0x636f6e6600000000 | page_frame(page);
}

u32 page_frame(const void *page)
{
    return (u32)((u64)(uintptr_t)page >> PAGE_SHIFT);
}

u64 *page_new(void)
{
    u64 *page = pages[next++ % PAGES];

    most = MAX(most, next);

    for (unsigned i = 0; i < PAGE_WORDS; i++)
        at_store(&page[i], page_value(page));
    return page;
}

s32 hook(u32 command, u32 frame, u32 value)
{
    s32 result;

    while (at_xchg(&hook_lock, 1))
        at_relax();
    out32(HOOK_PORT_PAGE, frame);
    out32(HOOK_PORT_VALUE, value);
    out32(HOOK_PORT_COMMAND, command);
    result = (s32)in32(HOOK_PORT_COMMAND);
    at_store_rel(&hook_lock, 0);
    return result;
}

static s32 must(const char *what, u32 command, const void *page, u32 value)
{
    s32 r = hook(command, page_frame(page), value);

    expect(r >= 0, "the test hook does %s; seen: error %d", what, r);
    return r;
}

void miss(const void *page, u32 us)
{
    must("MISS", HOOK_MISS, page, us);
}

void done(const void *page, u32 us)
{
    must("DONE", HOOK_DONE, page, us);
}

s32 page_state(const void *page)
{
    return must("STATE", HOOK_STATE, page, 0);
}

void pages_again(void)
{
    next = 0;
}

/* After a case: nothing stays missing. */
void pages_release(void)
{
    for (unsigned i = 0; host.hook && i < MIN(most, PAGES); i++)
        if (hook(HOOK_STATE, page_frame(pages[i]), 0) > 0)
            hook(HOOK_DONE, page_frame(pages[i]), 0);
    next = most = 0;
}
