/* SPDX-License-Identifier: BSD-2-Clause */
/* percpu.c: number the CPUs, give each an area and a guarded stack, start them and hand them their work. */
#include "percpu.h"
#include "acpi.h"
#include "boot.h"
#include "con.h"
#include "cpu.h"
#include "fail.h"
#include "frames.h"
#include "lib/atomic.h"
#include "pmap.h"
#include "port.h"
#include "smp.h"
#include "trap.h"
#include "xapic.h"

#define STACK_PAGES 4

static struct cpu cpus[CPU_MAX];
static unsigned count = 1;
static void (*go)(void); /* NULL until percpu_go() */

void percpu_init_boot_cpu(void)
{
    cpus[0].online = 1;
    cpus[0].timer_deadline = TIME_NEVER;
    trap_init_cpu(&cpus[0]);
}

void percpu_find(const struct boot_info *b)
{
    u32 found[CPU_MAX];
    unsigned all = acpi_cpus(&boot_low, b->rsdp, found, CPU_MAX);

    cpus[0].apic_id = xapic_id();
    for (unsigned i = 0; i < MIN(all, (unsigned)CPU_MAX) && count < CPU_MAX; i++) {
        if (found[i] == cpus[0].apic_id)
            continue;
        cpus[count].id = count;
        cpus[count].apic_id = found[i];
        cpus[count].timer_deadline = TIME_NEVER;
        count++;
    }
    if (!all)
        con_host("no ACPI table of CPUs: using one");
    else if (all > count)
        con_host("using %u of %u CPUs", count, all);
}

/* The page below a stack is taken away: an overflow is a fault, reported on the emergency stack if it comes to that. */
static void *stack_new(void)
{
    hpa_t run;

    if (!frames_alloc_run(STACK_PAGES + 1, &run) || !pmap_guard(port_map(run)))
        hyp_fail(VM_STATUS_MACHINE, "not enough memory for the CPUs' stacks");
    return port_map((hpa_t){run.v + (STACK_PAGES + 1) * PAGE_SIZE});
}

void percpu_start(void)
{
    void *stack[CPU_MAX];

    /* All tables are changed before a second CPU can hold translations. */
    for (unsigned i = 1; i < count; i++)
        stack[i] = stack_new();
    for (unsigned i = 1; i < count; i++)
        if (!smp_start(&cpus[i], stack[i], pmap_root()))
            hyp_fail(VM_STATUS_MACHINE, "cpu %u (APIC id %u) does not start", i, cpus[i].apic_id);
}

static _Noreturn void work_then_sleep(void)
{
    go();
    for (;;)
        port_idle();
}

void smp_cpu_main(struct cpu *c)
{
    (void)c;
    while (!at_load_acq(&go))
        port_idle();
    work_then_sleep();
}

void percpu_go(void (*work)(void))
{
    at_store_rel(&go, work);
    for (unsigned i = 1; i < count; i++)
        port_kick(i);
    work_then_sleep();
}

static void kick_others(void)
{
    for (unsigned i = 0; i < count; i++)
        if (i != port_cpu())
            port_kick(i);
}

void percpu_meet(void (*work)(void))
{
    static u32 arrived, meetings;
    u32 this = at_load(&meetings);

    at_add(&arrived, 1);
    if (port_cpu()) {
        port_kick(0);
        while (at_load_acq(&meetings) == this)
            port_idle();
        return;
    }
    while (at_load_acq(&arrived) < count)
        port_idle();
    at_store(&arrived, 0);
    work();
    at_store_rel(&meetings, this + 1);
    kick_others();
}

unsigned percpu_count(void)
{
    return count;
}

u32 percpu_apic_id(unsigned cpu)
{
    return cpus[cpu].apic_id;
}
