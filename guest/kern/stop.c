/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stop.c: the end of the VM: before it every CPU tells the host to write into this memory no more (A4-4).
 *
 * In a good end each CPU is asked to, as for any call. After a panic another CPU may have its interrupts off for good,
 * so it is told by an interrupt that cannot be turned off, and not waited for longer than a moment.
 */
#include "stop.h"
#include "call.h"
#include "clock.h"
#include "guest.h"
#include "irq.h"
#include "percpu.h"
#include "pvcpu.h"

#define STOP_WAIT_TICKS 1000000000ull /* of the TSC; a second or less */

static u32 leader; /* the id of the CPU that ends the VM after a panic, and one */

static void quiesce(void *unused)
{
    (void)unused;
    pvapf_cpu_stop(karch_cpu());
    pvcpu_stop();
    clock_cpu_stop();
}

void machine_exit(u32 status)
{
    cpu_call_all(quiesce, NULL);
    karch_exit(status);
}

bool stop_lead(void)
{
    u32 nobody = 0;

    return at_cas(&leader, &nobody, karch_cpu()->id + 1);
}

static _Noreturn void stop_here(struct percpu *c)
{
    quiesce(NULL);
    at_store_rel(&c->quiet, 1);
    karch_stop();
}

void stop_others(void)
{
    struct percpu *c = karch_cpu();
    u64 start = karch_tsc();

    if (c->quiet) /* it is this that broke */
        return;
    c->quiet = 1;
    for (unsigned i = 0; i < cpu_count(); i++)
        if (&cpus[i] != c)
            karch_ipi(&cpus[i], KIRQ_STOP);
    for (unsigned i = 0; i < cpu_count(); i++)
        while (&cpus[i] != c && !at_load_acq(&cpus[i].quiet) && karch_tsc() - start < STOP_WAIT_TICKS)
            at_relax();
    quiesce(NULL);
}

void stop_all(u32 status)
{
    struct percpu *c = karch_cpu();

    if (at_load(&leader) != c->id + 1)
        stop_here(c);
    stop_others();
    karch_exit(status);
}

void irq_stop(void)
{
    if (at_load(&leader))
        stop_here(karch_cpu());
}
