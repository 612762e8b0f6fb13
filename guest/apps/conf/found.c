/* SPDX-License-Identifier: BSD-2-Clause */
/* found.c: pages that are missing without our doing: of boot modules, and of memory that nobody has used (A0-1). */
#include "boot.h"
#include "conf.h"

#define LOOK_AT  512 /* pages at most */
#define TOLD_MAX 200 /* events at most, which the log has to hold twice */

static unsigned looked, told;

/* Touches the pages of a range; those that the guest is told of are left for later. */
static void look(u64 at, u64 bytes)
{
    for (u64 end = at + bytes; at + PAGE_SIZE <= end && looked < LOOK_AT && told < TOLD_MAX;
         at += PAGE_SIZE) {
        looked++;
        told += !touch_at(0, (void *)(uintptr_t)at, READ);
    }
}

static void look_everywhere(void)
{
    u64 image_end = boot.image.addr + boot.image.bytes;

    for (unsigned i = 0; i < boot.module_count; i++)
        look(ROUND_UP(boot.module[i].addr, PAGE_SIZE), boot.module[i].bytes);
    for (unsigned i = 0; i < boot.ram_count; i++)
        if (boot.ram[i].addr <= boot.image.addr && boot.ram[i].addr + boot.ram[i].bytes > image_end)
            look(ROUND_UP(image_end, PAGE_SIZE), MIN(boot.ram[i].addr + boot.ram[i].bytes, GiB) - image_end);
}

/* Each not-present event, but for those that wake-all stands for, has its ready event. */
static void expect_paired(u32 from)
{
    const struct event *log = this_cpu()->log;

    event_wait(from, EV_READY, told, 20 * SOON);
    for (u32 i = from; i != events_now(); i++) {
        const struct event *e = &log[i % EVENTS_MAX];
        unsigned n = 0;

        if (e->kind != EV_ABSENT)
            continue;
        for (u32 k = from; k != events_now(); k++)
            n += log[k % EVENTS_MAX].kind == EV_READY && log[k % EVENTS_MAX].id == e->id;
        expect(n == 1, "one ready for 0x%x; seen: %u", e->id, n);
    }
    expect_eq("ready events", events_since(from, EV_READY), told);
}

void conf_A0_1_found(void)
{
    u32 from;

    looked = told = 0;
    if (touch_cpl()) {
        skip("it looks at CPL 0");
        return;
    }
    if (!apf_start())
        return;
    from = events_now();
    look_everywhere();
    if (told)
        expect_paired(from);
    note("%u pages looked at, %u not-present events", looked, told);
    if (!told)
        skip("none of %u pages was missing", looked);
}
