/* SPDX-License-Identifier: BSD-2-Clause */
/* machine.c: karch.h for tests, all but threads. */
#include "machine.h"
#include "abi/kvm_hypercall.h"
#include "boot.h"
#include "irq.h"
#include "lib/atomic.h"
#include "panic.h"
#include "spin.h"
#include "stop.h"
#include <stdlib.h>
#include <string.h>

struct fake fake;

void fake_reset(void)
{
    static void *ram;

    memset(&fake, 0, sizeof(fake));
    memset(cpus, 0, sizeof(cpus));
    memset(&boot, 0, sizeof(boot));
    if (!ram)
        ram = aligned_alloc(PAGE_SIZE, FAKE_RAM_BYTES);
    boot.ram[0] = (struct boot_range){(u64)(uintptr_t)ram, FAKE_RAM_BYTES};
    boot.ram_count = 1;
    boot.protocol = "test";
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        cpus[i].id = i;
        cpus[i].timer_ns = TIMER_OFF;
    }
    fake.timer_due = TIMER_OFF;
}

void fake_cpu(unsigned id, struct thread *current)
{
    fake.cpu = id;
    cpus[id].current = current;
}

void fake_leaf(u32 leaf, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
    for (unsigned i = 0; i < FAKE_LEAF_MAX; i++) {
        if (!fake.leaf[i].leaf) {
            fake.leaf[i].leaf = leaf;
            memcpy(fake.leaf[i].r, (u32[]){eax, ebx, ecx, edx}, sizeof(fake.leaf[i].r));
            return;
        }
    }
    abort();
}

bool fake_ends(void (*fn)(void), u32 status)
{
    if (!setjmp(fake.end)) {
        fn();
        return false;
    }
    return fake.status == status;
}

struct percpu *karch_cpu(void)
{
    return &cpus[fake.cpu];
}

struct thread *karch_thread(void)
{
    return cpus[fake.cpu].current;
}

void karch_cpu_init(struct percpu *c)
{
    (void)c;
}

unsigned karch_cpu_count(void)
{
    return 1;
}

bool karch_cpu_start(struct percpu *c, void *sp)
{
    (void)c;
    (void)sp;
    return false;
}

void karch_ipi(struct percpu *to, enum kirq irq)
{
    check(to != karch_cpu());
    fake.ipis[to->id][irq]++;
    if (fake.on_ipi)
        fake.on_ipi(to, irq);
}

u32 karch_ipi_command(enum kirq irq)
{
    return 0x4000u + irq;
}

bool karch_irq_save(void)
{
    bool were_on = fake.irqs_on;

    fake.irqs_on = false;
    return were_on;
}

void karch_irq_restore(bool were_on)
{
    if (were_on && fake.tsc >= fake.timer_due) {
        fake.timer_due = TIMER_OFF;
        irq_timer();
        irq_exit();
    }
    fake.irqs_on = were_on;
}

void karch_wait(void)
{
    check(!fake.irqs_on);
    fake.waits++;
    fake.on_wait();
}

u8 karch_apf_vector(void)
{
    return 0xf3;
}

u64 karch_tsc(void)
{
    if (fake.on_tsc)
        fake.on_tsc();
    return ++fake.tsc;
}

u64 karch_rtc_seconds(void)
{
    return fake.rtc;
}

bool karch_random(u64 *out)
{
    static u64 number;

    if (!fake.random)
        return false;
    fake.random--;
    *out = ++number;
    return true;
}

u64 karch_tsc_khz(void)
{
    return FAKE_TSC_KHZ;
}

void karch_timer_arm(u64 tsc_ticks)
{
    fake.timer_due = fake.tsc + tsc_ticks;
}

void karch_map(u64 addr, u64 bytes)
{
    (void)addr;
    (void)bytes;
}

void karch_guard(void *start, u64 bytes)
{
    (void)start;
    (void)bytes;
}

void karch_guard_seen(void *start, u64 bytes)
{
    (void)start;
    (void)bytes;
}

void karch_unguard(void *start, u64 bytes)
{
    (void)start;
    (void)bytes;
}

void karch_con_write(const char *text, size_t n)
{
    n = MIN(n, sizeof(fake.console) - 1 - fake.console_len);
    memcpy(fake.console + fake.console_len, text, n);
    fake.console_len += n;
}

void karch_con_fresh_line(void)
{
    if (fake.console_len && fake.console[fake.console_len - 1] != '\n')
        karch_con_write("\n", 1);
}

int karch_con_read(void)
{
    return -1;
}

bool karch_pv_leaf(u32 leaf, u32 out[4])
{
    memset(out, 0, 4 * sizeof(u32));
    for (unsigned i = 0; i < FAKE_LEAF_MAX; i++)
        if (fake.leaf[i].leaf == leaf)
            memcpy(out, fake.leaf[i].r, sizeof(fake.leaf[i].r));
    return fake.leaf[0].leaf != 0;
}

bool karch_pv_try_write(u32 msr, u64 v)
{
    if (msr == fake.gp_msr && v & fake.gp_bits)
        return false;
    karch_pv_write(msr, v);
    return true;
}

void karch_pv_write(u32 msr, u64 v)
{
    check(fake.writes < FAKE_LOG_MAX);
    fake.log[fake.writes++] = (struct fake_write){msr, v};
    if (fake.on_write)
        fake.on_write(msr, v);
}

s64 karch_hypercall(u64 number, u64 arg0, u64 arg1)
{
    return karch_hypercall4(number, arg0, arg1, 0, 0);
}

s64 karch_hypercall4(u64 number, u64 arg0, u64 arg1, u64 arg2, u64 arg3)
{
    fake.calls++;
    fake.call = (struct fake_call){number, {arg0, arg1, arg2, arg3}};
    return fake.on_hypercall ? fake.on_hypercall() : -PV_ENOSYS;
}

void karch_stop(void)
{
    longjmp(fake.stopped, 1);
}

void karch_exit(u32 status)
{
    fake.status = status;
    longjmp(fake.end, 1);
}

__attribute__((weak)) void spin_get_late(struct spin *l)
{
    panic("the lock at %p is held by nobody who could free it", (void *)l);
}

__attribute__((weak)) bool stop_lead(void)
{
    return true;
}

__attribute__((weak)) void stop_others(void)
{
}

__attribute__((weak)) void stop_all(u32 status)
{
    karch_exit(status);
}

/* No scheduler: what interrupts would have it do is nothing, and a mutex is free. */
__attribute__((weak)) void irq_timer(void)
{
}

__attribute__((weak)) void irq_exit(void)
{
}

__attribute__((weak)) void mutex_lock(struct mutex *m)
{
    (void)m;
}

__attribute__((weak)) void mutex_unlock(struct mutex *m)
{
    (void)m;
}
