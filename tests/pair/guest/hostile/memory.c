/* SPDX-License-Identifier: BSD-2-Clause */
/* memory.c: hypercalls with odd arguments, pages taken away from under the guest's own feet, and a noisy console. */
#include "abi/kvm_hypercall.h"
#include "hostile.h"
#include "karch.h"
#include <stdio.h>

#define RANDOM_CALLS 5000
#define ROUNDS       50
#define EVICT_CALLS  8
#define MIGRATE_STEP (64 * KiB) /* as much as one call moves */
#define MIGRATE_END  (8 * MiB)
#define NOISE        (64 * KiB)

static void calls(u64 nr, u64 arg0, u64 arg1, s64 want, const char *what)
{
    s64 got = karch_hypercall(nr, arg0, arg1);

    if (got != want)
        printf("hostile: %lx(%lx, %lx) = %ld\n", nr, arg0, arg1, got);
    expect(got == want, what);
}

static int hypercalls(void)
{
    u64 page = (u64)(uintptr_t)spare_page;

    calls(0, 0, 0, -PV_ENOSYS, "call 0 is unknown");
    calls(~0ull, ~0ull, ~0ull, -PV_ENOSYS, "call -1 is unknown");
    calls(FL_HC_STATS, page + 4, 0, -PV_EINVAL, "counters must be aligned");
    calls(FL_HC_STATS, page + PAGE_SIZE - 8, 0, -PV_EINVAL, "counters must lie in one page");
    calls(FL_HC_STATS, page, 0x80, -PV_EINVAL, "unknown flags are refused");
    calls(FL_HC_STATS, HOLE, 0, -PV_EFAULT, "counters must go to memory");
    calls(FL_HC_STATS, ~0ull & ~7ull & ~0xfffull, 0, -PV_EFAULT,
          "counters must go to memory, not to its end");
    calls(FL_HC_PRECOPY, FL_PRECOPY_START_DIRTY_BIT + 1, page, -PV_EINVAL,
          "unknown kinds of copies are refused");
    calls(FL_HC_PRECOPY, FL_PRECOPY_REPORT, page + 4, -PV_EINVAL, "a report must be aligned");
    calls(FL_HC_PRECOPY, FL_PRECOPY_REPORT, HOLE, -PV_EFAULT, "a report must go to memory");
    calls(FL_HC_EVICT, page, ~0ull, -PV_EINVAL, "a range does not wrap");
    calls(FL_HC_EVICT, HOLE, PAGE_SIZE, 0, "a hole has nothing to evict");
    calls(FL_HC_EVICT, ~0ull, 1, 0, "the last byte has nothing to evict");
    calls(FL_HC_EVICT, page, 0, 0, "an empty range has nothing to evict");
    calls(FL_HC_NX, 2, 0, -PV_EINVAL, "on is 0 or 1");
    calls(FL_HC_NX, ~0ull, ~0ull, -PV_EINVAL, "on is 0 or 1");
    for (unsigned i = 0; i < 4; i++)
        calls(FL_HC_NX, !(i % 2), random_u64(), 0, "huge pages can be switched");
    calls(FL_HC_MIGRATE, page, ~0ull, -PV_EINVAL, "a range does not wrap");
    calls(FL_HC_MIGRATE, HOLE, PAGE_SIZE, 0, "a hole has nothing to migrate");
    calls(FL_HC_MIGRATE, page, 0, 0, "an empty range has nothing to migrate");
    for (unsigned i = 0; i < RANDOM_CALLS; i++)
        (void)karch_hypercall(FL_HC_STATS + i % 4, random_u64() | 1, random_u64() >> (i % 64));
    return verdict();
}

/* All the memory there is: code, stacks, page tables, descriptor tables. */
static int evict_everything(void)
{
    u64 before = module_sum();

    for (unsigned i = 0; i < ROUNDS; i++) {
        expect(karch_hypercall(FL_HC_EVICT, 0, ~0ull) >= 0, "everything can be evicted");
        if (i % 10 == 0)
            expect(module_sum() == before, "the module reads as before");
    }
    return verdict();
}

/* Code, stacks, page tables: what runs, and what it runs on, lies elsewhere after each call. */
static int migrate_everything(void)
{
    u64 before = module_sum(), moved = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        for (u64 at = 0; at < MIGRATE_END; at += MIGRATE_STEP)
            moved += karch_hypercall(FL_HC_MIGRATE, at, MIGRATE_STEP);
        if (i % 10 == 0)
            expect(module_sum() == before, "the module reads as before");
    }
    expect(moved > ROUNDS, "pages move");
    return verdict();
}

/* One call takes a few pages; those of the loop itself come back at once. */
static void evict_all(void)
{
    for (unsigned i = 0; i < EVICT_CALLS; i++)
        karch_hypercall(FL_HC_EVICT, 0, ~0ull);
}

/* Exceptions whose delivery meets absent pages: the gate, the handler, the stack. */
static int absent_handlers(void)
{
    traps_catch();
    for (unsigned i = 0; i < ROUNDS; i++) {
        bool on = karch_irq_save();

        evict_all();
        expect(TRAPS("ud2", 0, 0, 0), "UD2 traps");
        evict_all();
        expect(TRAPS("int3", 0, 0, 0), "INT3 traps");
        karch_irq_restore(on);
    }
    return verdict();
}

static int noise(void)
{
    static char text[NOISE];

    for (unsigned i = 0; i < sizeof(text); i++)
        text[i] = (char)(i % 3 ? 'x' : random_u64() % 255 + 1);
    for (unsigned i = 0; i < sizeof(text); i++)
        if (text[i] == '\n')
            text[i] = 'n';
    karch_con_write(text, sizeof(text));
    karch_con_write("\nhostile: the end\n", 18);
    return 0;
}

const struct mode memory_modes[] = {
    {"hypercalls", hypercalls},
    {"evict-everything", evict_everything},
    {"migrate-everything", migrate_everything},
    {"absent-handlers", absent_handlers},
    {"noise", noise},
    {NULL, NULL},
};
