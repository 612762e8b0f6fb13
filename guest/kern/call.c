/* SPDX-License-Identifier: BSD-2-Clause */
/* call.c: one cross-CPU call at a time; each CPU says by a sequence number that it has carried it out. */
#include "call.h"
#include "guest.h"
#include "ipi.h"
#include "irq.h"
#include "percpu.h"
#include "pvcpu.h"

static struct mutex one_at_a_time;

static struct {
    void (*fn)(void *);
    void *arg;
    u32 seq; /* written last; the interrupt is what makes others look */
} call;

void irq_call(void)
{
    struct percpu *c = karch_cpu();
    u32 seq = at_load_acq(&call.seq);

    if (c->call_seq == seq)
        return;
    call.fn(call.arg);
    at_store_rel(&c->call_seq, seq);
}

void cpu_call_all(void (*fn)(void *), void *arg)
{
    unsigned n = cpu_count();
    bool on;

    mutex_lock(&one_at_a_time);
    call.fn = fn;
    call.arg = arg;
    at_add(&call.seq, 1);
    on = karch_irq_save();
    irq_call();
    ipi_send((u32)(BIT(n) - 1) & ~(u32)BIT(karch_cpu()->id), KIRQ_CALL);
    karch_irq_restore(on);
    for (unsigned i = 0; i < n; i++)
        while (at_load_acq(&cpus[i].call_seq) != call.seq) {
            pvcpu_boost(&cpus[i]);
            thread_yield();
        }
    mutex_unlock(&one_at_a_time);
}
