/* SPDX-License-Identifier: BSD-2-Clause */
/* steal.c: the steal-time area, and translations dropped through it (A7-6, A7-9). */
#include "abi/kvm_steal.h"
#include "conf.h"
#include "mmu.h"

static struct pv_steal area[CPUS_MAX];

static u64 msr_value(unsigned cpu)
{
    return (u64)(uintptr_t)&area[cpu] | PV_STEAL_ON;
}

void conf_A7_6_reserved(void)
{
    u64 before = msr_get(PV_MSR_STEAL);

    for (unsigned bit = 1; bit <= 5; bit++)
        expect(!msr_write(PV_MSR_STEAL, msr_value(0) | BIT(bit)), "#GP for bit %u; seen: none", bit);
    expect_eq("the MSR after #GP", msr_get(PV_MSR_STEAL), before);
}

void conf_A7_6_area(void)
{
    struct pv_steal *s = &area[0];
    u64 first;

    *s = (struct pv_steal){.flags = 0xffffffff};
    msr_set(PV_MSR_STEAL, msr_value(0));
    expect_eq("the MSR", msr_get(PV_MSR_STEAL), msr_value(0));
    spin_us(100);
    expect(!(at_load(&s->version) & 1), "an even version; seen: %u", at_load(&s->version));
    expect_eq("preempted, of a CPU that runs", at_load(&s->preempted), 0);
    first = at_load(&s->steal);
    spin_us(2000);
    expect(at_load(&s->steal) >= first, "steal time that does not go back");
    for (unsigned i = 0; i < sizeof(s->pad); i++)
        expect_eq("padding", s->pad[i], 0);
    msr_set(PV_MSR_STEAL, 0);
}

#define ASLEEP 10000 /* us */

/* A CPU that sleeps does not want to run. What else runs on the machine may steal a little when it wakes. */
void conf_A7_6_halted(void)
{
    struct pv_steal *s = &area[0];
    u64 least = ~0ull, before;

    *s = (struct pv_steal){0};
    msr_set(PV_MSR_STEAL, msr_value(0));
    for (unsigned i = 0; i < 4; i++) {
        before = at_load(&s->steal);
        event_halt(events_now(), EV_READY, 1, ASLEEP);
        spin_us(100);
        least = MIN(least, at_load(&s->steal) - before);
    }
    expect(least < ASLEEP * 1000 / 2, "less than half of %u us of sleep stolen; seen: %lu ns", ASLEEP, least);
    msr_set(PV_MSR_STEAL, 0);
}

static struct {
    u64 *at;
    u32 stop;
    u64 seen;
} reader;

static void read_on(void *arg)
{
    (void)arg;
    msr_set(PV_MSR_STEAL, msr_value(1));
    while (!at_load_acq(&reader.stop))
        at_store(&reader.seen, at_load(reader.at));
    msr_set(PV_MSR_STEAL, 0);
}

/* Is CPU 1 told to drop its translations? Only one that does not run can be told this way. */
static bool told_to_flush(void)
{
    for (u64 end = time_us() + SOON / 10; time_us() < end;) {
        u8 seen = PV_STEAL_PREEMPTED;

        if (at_cas(&area[1].preempted, &seen, PV_STEAL_PREEMPTED | PV_STEAL_FLUSH))
            return true;
    }
    return false;
}

void conf_A7_9_flush(void)
{
    u64 *table = page_new(), *old = page_new(), *new = page_new();
    u64 end;

    area[1] = (struct pv_steal){0};
    reader.at = mmu_by_way_of(table, old);
    at_store(&reader.stop, 0);
    cpu_start(1, read_on, NULL);
    spin_us(2000);
    mmu_by_way_of(table, new);
    if (told_to_flush()) {
        end = time_us() + SOON;
        while (at_load(&reader.seen) != page_value(new) && time_us() < end)
            at_relax();
        expect_eq("what CPU 1 reads", at_load(&reader.seen), page_value(new));
    } else {
        skip("CPU 1 was never seen preempted");
    }
    at_store_rel(&reader.stop, 1);
    cpu_wait(1);
    mmu_forget(reader.at);
}
