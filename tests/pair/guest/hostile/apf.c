/* SPDX-License-Identifier: BSD-2-Clause */
/* apf.c: every way to misuse asynchronous page faults that we could think of. */
#include "abi/kvm_msr.h"
#include "cpu.h"
#include "hostile.h"
#include "karch.h"
#include "percpu.h"
#include <stdio.h>

#define WRITES     20000
#define READERS    8
#define VEC_UNUSED 0xff /* the kernel takes it for a spurious interrupt: no handler, no acknowledgement */

static u64 page_count(void)
{
    u64 bytes;

    return module_data(0, &bytes) ? bytes / PAGE_SIZE : 0;
}

/* Touches a page that is not there yet. */
static void touch(u64 page)
{
    u64 bytes;
    const volatile u8 *p = module_data(0, &bytes);

    (void)p[page * PAGE_SIZE];
}

/* Values that are partly right go further than noise. */
static u64 almost_right(u32 msr)
{
    u64 spare = (u64)(uintptr_t)spare_page, r = random_u64();

    switch (r % 4) {
    case 0:
        return r;
    case 1:
        return msr == PV_MSR_APF_EN ? spare | (r >> 8 & 0x3f) : r >> 8 & 0x1ff;
    case 2:
        return HOLE | (r >> 8 & 0x3f);
    default:
        return 1ull << (r >> 8 & 63);
    }
}

/* Random values in every paravirtual MSR; then asynchronous page faults still work as they should. */
static int garbage(void)
{
    u64 before = module_sum(), refused = 0;
    bool on;

    traps_swallow();
    pvapf_enable(false);
    on = karch_irq_save();
    for (unsigned i = 0; i < WRITES; i++) {
        u32 msr = PV_MSR_APF_EN + (u32)(random_u64() % 6);

        refused += !karch_pv_try_write(msr, almost_right(msr));
    }
    for (u32 msr = PV_MSR_APF_EN; msr <= PV_MSR_APF_ACK; msr++)
        (void)karch_pv_try_write(msr, 0);
    karch_irq_restore(on);
    expect(refused > WRITES / 10, "many of the writes are refused");
    pvapf_enable(true);
    expect(module_sum() == before, "the module reads as before");
    return verdict();
}

/* Clock areas anywhere, of any alignment; the spare page takes those that are memory. */
static int clocks(void)
{
    for (unsigned i = 0; i < WRITES; i++) {
        u64 at = i % 2 ? HOLE | (random_u64() & 0xfff) : (u64)(uintptr_t)spare_page | (random_u64() & 0xfe1);

        (void)karch_pv_try_write(i % 3 ? PV_MSR_SYSTEM_TIME : PV_MSR_WALL_CLOCK, at);
    }
    (void)karch_pv_try_write(PV_MSR_SYSTEM_TIME, 0);
    return 0;
}

static int slot_in_hole(void)
{
    static const u64 at[] = {HOLE, 1ull << 52, ~0ull & APF_EN_SLOT_MASK, (1ull << 40) - APF_SLOT_SIZE};

    for (unsigned i = 0; i < ARRAY_SIZE(at); i++)
        expect(!karch_pv_try_write(PV_MSR_APF_EN, at[i] | APF_EN_ON | APF_EN_INT),
               "a slot must be in memory");
    expect(!karch_pv_try_write(PV_MSR_APF_EN, 0x30), "reserved bits are refused");
    expect(!karch_pv_try_write(PV_MSR_APF_VEC, 1ull << 32), "reserved bits of the vector are refused");
    return verdict();
}

static u32 readers_started;

static void reader(void *unused)
{
    (void)unused;
    touch(page_count() - 1 - at_add(&readers_started, 1));
}

/*
 * On one CPU: page-ready interrupts that nobody acknowledges, so all but the first readers wait for ever. Nothing that
 * waits for an interrupt would work any more, so this thread only yields.
 */
static int never_acknowledge(void)
{
    struct fl_stats h;
    u64 end;

    karch_pv_write(PV_MSR_APF_VEC, VEC_UNUSED);
    for (unsigned i = 0; i < READERS; i++)
        expect(thread_create(reader, NULL) != NULL, "a thread can be made");
    end = time_ns() + 500 * 1000000ull;
    while (time_ns() < end)
        thread_yield();
    expect(host_stats(&h, 0) && h.not_present >= READERS && h.ready < READERS, "most events are not over");
    printf("hostile: not_present=%lu ready=%lu\n", h.not_present, h.ready);
    karch_exit(verdict() ? STATUS_BAD : 3);
}

static void read_all(void *unused)
{
    (void)unused;
    for (;;) {
        u64 bytes;
        const void *p = module_data(0, &bytes);

        host_evict(p, bytes);
        (void)module_sum();
    }
}

/* Random words in all slots while other threads wait for pages. The guest may die of it. */
static int scribble(void)
{
    u64 end = time_ns() + 500 * 1000000ull;

    for (unsigned i = 0; i < READERS; i++)
        expect(thread_create(read_all, NULL) != NULL, "a thread can be made");
    thread_sleep(1000000);
    while (time_ns() < end)
        for (unsigned i = 0; i < cpu_count(); i++) {
            u64 r = random_u64();

            at_store(&cpus[i].apf_slot.word0, r % 2 ? (u32)(r >> 32) : (u32)(r >> 32) & 3);
            at_store(&cpus[i].apf_slot.token, (u32)r);
        }
    karch_exit(4);
}

/* The slot itself lies in a page that comes and goes; the guest does not see its markers. */
static int slot_absent(void)
{
    u64 bytes, slot = (u64)(uintptr_t)module_data(0, &bytes);

    pvapf_enable(false);
    for (u64 page = 1; page < page_count(); page++) {
        host_evict((const void *)slot, PAGE_SIZE);
        if (page % 16 == 1)
            karch_pv_write(PV_MSR_APF_EN, slot | APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT);
        touch(page);
    }
    karch_exit(5);
}

/* Vectors that no interrupt may have. */
static int bad_vector(void)
{
    u64 end = time_ns() + 200 * 1000000ull;

    for (unsigned vector = 0; vector < 16; vector++) {
        karch_pv_write(PV_MSR_APF_EN, 0);
        karch_pv_write(PV_MSR_APF_VEC, vector);
        karch_pv_write(PV_MSR_APF_EN,
                       (u64)(uintptr_t)&cpus[0].apf_slot | APF_EN_ON | APF_EN_ALWAYS | APF_EN_INT);
        karch_pv_write(PV_MSR_APF_ACK, 1);
    }
    while (time_ns() < end)
        ;
    karch_exit(6);
}

static int acknowledge_all_the_time(void)
{
    for (unsigned i = 0; i < WRITES; i++)
        karch_pv_write(PV_MSR_APF_ACK, random_u64() | 1);
    return verdict();
}

/* A single step over a write that has an event queued: the trap would be the second one. */
static int step_enable(void)
{
    u64 en = (u64)(uintptr_t)&cpus[0].apf_slot | APF_EN_ON | APF_EN_ALWAYS;

    karch_pv_write(PV_MSR_APF_EN, 0);
    __asm__ volatile("pushfq\n"
                     "orq %3, (%%rsp)\n"
                     "popfq\n"
                     "wrmsr"
                     :
                     : "a"((u32)en), "d"((u32)(en >> 32)), "c"(PV_MSR_APF_EN), "i"(RFLAGS_TF)
                     : "memory", "cc");
    karch_exit(7);
}

const struct mode apf_modes[] = {
    {"garbage", garbage},           {"clocks", clocks},
    {"slot-in-hole", slot_in_hole}, {"never-acknowledge", never_acknowledge},
    {"scribble", scribble},         {"slot-absent", slot_absent},
    {"bad-vector", bad_vector},     {"acknowledge", acknowledge_all_the_time},
    {"step-enable", step_enable},   {NULL, NULL},
};
