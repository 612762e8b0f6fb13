/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook.c: all CPUs at once use the test hook and the paravirtual registers, without a lock and without sense.
 *
 * Pages go missing, come back, go away and cannot be written while the host keeps steal time and ends of interrupts in
 * them. No wait is for ever, so that the guest can survive what it does to itself, its own code and stacks included.
 */
#include "abi/kvm_hypercall.h"
#include "abi/kvm_msr.h"
#include "abi/testhook.h"
#include "call.h"
#include "cpu.h"
#include "hostile.h"
#include "karch.h"
#include "percpu.h"
#include <stdio.h>

#define BLOWS     2000
#define ARENA     32   /* pages */
#define MARKED    2048 /* bytes of each that hold its number; the host is given places behind them */
#define WINDOW    0xd0000u
#define ELSEWHERE 0xd0100u /* where the host keeps pages of the window that are away */
#define WAIT_MAX  500      /* us */
#define IPI_FIXED 0x40

static u8 arena[ARENA][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static u64 steal_before[MAX_CPUS], eoi_before[MAX_CPUS];
static u32 refused, commands, saved;
static bool saves; /* the storm has some of them */

static u64 *mark_at(unsigned page, unsigned i)
{
    return (u64 *)(void *)&arena[page][i * sizeof(u64)];
}

static void save_registers(void *unused)
{
    (void)unused;
    steal_before[karch_cpu()->id] = rdmsr(PV_MSR_STEAL);
    eoi_before[karch_cpu()->id] = rdmsr(PV_MSR_EOI);
}

static void restore_registers(void *unused)
{
    (void)unused;
    karch_pv_write(PV_MSR_STEAL, steal_before[karch_cpu()->id]);
    karch_pv_write(PV_MSR_EOI, eoi_before[karch_cpu()->id]);
}

static u32 any_page(u64 r)
{
    u64 bytes, module = (u64)(uintptr_t)module_data(0, &bytes);
    u32 n = (u32)(r >> 32);

    switch (r % 8) {
    case 0:
        return n;
    case 1:
        return n % (u32)(memory_bytes() / PAGE_SIZE);
    case 2:
        return (u32)(module / PAGE_SIZE + n % (bytes / PAGE_SIZE));
    case 3:
        return ELSEWHERE + n % 20;
    case 4:
    case 5:
        return WINDOW + n % 20;
    }
    return (u32)((u64)(uintptr_t)arena / PAGE_SIZE + n % ARENA);
}

/* Of memory, and not where this guest's own are. */
static u64 any_place(u64 r)
{
    u64 page = (u64)(r & 8 ? WINDOW + (r >> 32) % 20 : any_page(r | 6)) * PAGE_SIZE;
    u64 at = r & 0x10 ? PAGE_SIZE - 64 : MARKED + (r >> 8) % (PAGE_SIZE - MARKED);

    return r & 0x20 ? HOLE | at : page | at;
}

static u32 any_value(u64 r)
{
    static const u32 odd[] = {0, 0, 1, 1, HOOK_DELAY_MAX + 1, HOOK_WINDOW_MAX, ~1u, 1u << 31};

    return r & 1 ? odd[r >> 8 & 7] : (u32)(r >> 8) % WAIT_MAX;
}

static void command(u64 r, u64 s)
{
    out32(HOOK_PORT_PAGE, any_page(s));
    out32(HOOK_PORT_VALUE, any_value(r >> 8));
    out32(HOOK_PORT_COMMAND, r % 16 ? (u32)(r % 16) % (HOOK_COUNT + 1) : (u32)s);
    at_add(&commands, in32(HOOK_PORT_COMMAND) == 0);
}

/* Often at places of the right alignment, and again at the same ones. */
static void registers(u64 r, u64 s)
{
    u64 at = any_place(s);

    switch (r % 4) {
    case 0:
        at = (at & ~63ull) | PV_STEAL_ON;
        break;
    case 1:
        at = (at & ~3ull) | PV_EOI_ON;
        break;
    case 2:
        at = s & ~(u64)(r >> 8 & 1);
    }
    at_add(&refused, !karch_pv_try_write(r & 4 ? PV_MSR_STEAL : PV_MSR_EOI, at));
    if (r % 64 == 5)
        at_add(&refused, !karch_pv_try_write(PV_MSR_POLL, s >> (s & 63)));
}

/* Kept, or going on as another VM, by a call or by the hook; others ask for the same meanwhile. */
static void save(u64 r)
{
    if (r & 1)
        out32(HOOK_PORT_COMMAND, HOOK_SAVE);
    else {
        s64 x = karch_hypercall(FL_HC_SAVE, r & 2 ? FL_SAVE_KEEP : FL_SAVE_GO_ON, 0);
        printf("%ld\n", x);
        at_add(&saved, x >= 0);
    }
}

static void calls(u64 r, u64 s)
{
    if (saves && !(r & 0x78))
        save(s >> 40);
    switch (r % 8) {
    case 0:
        karch_hypercall4(PV_HC_IPI, s, r, s >> 60, IPI_FIXED);
        karch_hypercall4(PV_HC_IPI, ~0ull, ~0ull, s, ~0ull << 18 | IPI_FIXED);
        break;
    case 1:
        karch_hypercall(PV_HC_KICK, s, s >> 61);
        break;
    case 2:
        karch_hypercall(PV_HC_YIELD, s >> 61, 0);
        break;
    case 3:
        karch_hypercall(FL_HC_EVICT, (u64)any_page(s) * PAGE_SIZE, PAGE_SIZE);
        break;
    case 4:
        karch_hypercall(FL_HC_MIGRATE, (u64)(uintptr_t)arena, sizeof(arena));
        break;
    case 5:
        karch_hypercall(FL_HC_NX, s & 1, 0);
        break;
    case 6:
        karch_hypercall(FL_HC_SLOT_MOVE, (u64)any_page(s | 4) * PAGE_SIZE, HOLE);
        break;
    case 7:
        karch_hypercall(FL_HC_UNMAP, 0, ~0ull);
    }
}

/* Scribbles on what the host keeps in the arena, and reads what is only ours. */
static void touch(u64 r, u64 s)
{
    unsigned page = r % ARENA;

    at_store(mark_at(page, MARKED / sizeof(u64) + s % 256), s >> 8);
    expect(at_load(mark_at(page, s % 256)) == page, "a page that was missing holds what it held");
}

static void storm(void *which)
{
    static void (*const blow[])(u64, u64) = {command,   command, command, registers,
                                             registers, calls,   touch,   touch};
    u64 state = 0x9e3779b97f4a7c15ull * (u64)(uintptr_t)which;

    for (u64 i = rounds_or(BLOWS); i; i--) {
        u64 r = random_next(&state);

        blow[r & 7](r >> 3, random_next(&state));
    }
}

static int storm_all(void)
{
    u64 before = module_sum();
    struct thread *t[MAX_CPUS];

    traps_swallow();
    expect(in32(HOOK_PORT_ID) == HOOK_ID, "there is a test hook");
    for (unsigned page = 0; page < ARENA; page++)
        for (unsigned i = 0; i < MARKED / sizeof(u64); i++)
            *mark_at(page, i) = page;
    cpu_call_all(save_registers, NULL);
    for (u64 i = 0; i < cpu_count(); i++)
        t[i] = thread_create(storm, (void *)(uintptr_t)(i + 1));
    for (unsigned i = 0; i < cpu_count(); i++)
        thread_join(t[i]);
    cpu_call_all(restore_registers, NULL);
    printf("hostile: %u commands did something, %u values were refused\n", commands, refused);
    expect(commands && refused, "some of it is right, some wrong");
    expect(module_sum() == before, "the module reads as before");
    return verdict();
}

static int hook_storm(void)
{
    return storm_all();
}

static int save_storm(void)
{
    saves = true;
    if (!storm_all())
        expect(saved, "the VM can be saved");
    return verdict();
}

const struct mode hook_modes[] = {
    {"hook-storm", hook_storm},
    {"save-storm", save_storm},
    {NULL, NULL},
};
