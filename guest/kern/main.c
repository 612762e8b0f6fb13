/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c: start everything in order, then run main(). */
#include "boot.h"
#include "clock.h"
#include "irq.h"
#include "mem.h"
#include "os.h"
#include "panic.h"
#include "percpu.h"
#include "pv.h"
#include "pvcpu.h"
#include "thread.h"

struct percpu cpus[MAX_CPUS];
static unsigned cpus_online;
static u64 main_tsc;

static void cpu_setup(struct percpu *c)
{
    c->self = c;
    c->timer_ns = TIMER_OFF;
    karch_cpu_init(c);
    clock_cpu_init(c);
    pvcpu_start(c);
    pvapf_cpu_enable(c);
}

void cpu_main(struct percpu *c)
{
    thread_adopt_idle(c);
    cpu_setup(c);
    at_store_rel(&c->online, 1);
    sched_idle();
}

/* `vcpus=N` uses fewer than there are. All guard pages are made before another CPU might cache what they were. */
static void start_other_cpus(void)
{
    void *sp[MAX_CPUS];
    unsigned n = karch_cpu_count();

    if (n > 1)
        n = (unsigned)MIN(boot_option_number("vcpus", MAX_CPUS), n);
    for (unsigned i = 1; i < n; i++)
        sp[i] = thread_idle_stack(i);
    for (cpus_online = 1; cpus_online < n; cpus_online++) {
        struct percpu *c = &cpus[cpus_online];

        c->id = cpus_online;
        if (!sp[c->id] || !karch_cpu_start(c, sp[c->id]))
            panic("CPU %u did not start", c->id);
    }
}

void kernel_main(void)
{
    for (unsigned i = 0; i < boot.module_count; i++)
        karch_map(boot.module[i].addr, boot.module[i].bytes);
    pv_init();
    mem_init();
    clock_init();
    pvapf_init();
    thread_adopt_first(&cpus[0]);
    cpu_setup(&cpus[0]);
    start_other_cpus();
    karch_irq_restore(true);
    os_main(boot.cmdline);
}

void os_main_begins(void)
{
    main_tsc = karch_tsc();
}

void boot_timing(u64 *at_entry, u64 *at_main)
{
    *at_entry = boot.entry_tsc;
    *at_main = main_tsc;
}

unsigned cpu_count(void)
{
    return cpus_online;
}

unsigned cpu_id(void)
{
    bool on = karch_irq_save();
    unsigned id = karch_cpu()->id;

    karch_irq_restore(on);
    return id;
}
