/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvapf.c: the guest's half of asynchronous page faults (A4), in every dialect.
 *
 * A not-present event arrives as a #PF in the thread that touched the page: it waits for the token while others run.
 * A ready event arrives as an interrupt (PF2, INT) or as another #PF (LEGACY) and wakes the thread.
 */
#include "pvapf.h"
#include "abi/kvm_msr.h"
#include "apf_table.h"
#include "call.h"
#include "irq.h"
#include "panic.h"
#include "percpu.h"
#include "pv.h"

static enum apf_dialect dialect;

void pvapf_init(void)
{
    dialect = pv_probe_dialect();
}

static void count(u64 *counter)
{
    at_store(counter, *counter + 1);
}

/* Everything at CPL 0 is an application here, so the host must deliver there as well (A4-2). */
static u64 enable_bits(void)
{
    return APF_EN_ON | APF_EN_ALWAYS | (dialect == APF_LEGACY ? 0 : APF_EN_INT);
}

void pvapf_cpu_enable(struct percpu *c)
{
    if (dialect == APF_ABSENT || c->apf_on)
        return;
    c->apf_slot = (struct apf_slot){0};
    if (dialect == APF_INT)
        karch_pv_write(PV_MSR_APF_VEC, karch_apf_vector());
    if (dialect == APF_PF2)
        karch_pv_write(PV_MSR_APF_PF2, APF_PF2_ON | karch_apf_vector());
    karch_pv_write(PV_MSR_APF_EN, (u64)(uintptr_t)&c->apf_slot | enable_bits());
    c->apf_on = true;
}

void pvapf_cpu_stop(struct percpu *c)
{
    if (c->apf_on)
        karch_pv_write(PV_MSR_APF_EN, 0);
    c->apf_on = false;
}

void pvapf_cpu_disable(struct percpu *c)
{
    if (!c->apf_on)
        return;
    pvapf_cpu_stop(c);
    apf_wake_cpu(c->id); /* the host forgot them (A1-11): each tries its access again */
    apf_forget_markers(c->id);
}

static void acknowledge(void)
{
    karch_pv_write(PV_MSR_APF_ACK, APF_ACK_READY);
}

u32 pvapf_take_marker(struct percpu *c)
{
    u32 marker;

    if (!c->apf_on)
        return 0;
    marker = at_load(&c->apf_slot.word0);
    if (dialect == APF_PF2 && marker == APF_REASON_READY) /* belongs to the interrupt that is on its way */
        return 0;
    if (marker)
        at_store(&c->apf_slot.word0, 0);
    return marker;
}

static void not_present(struct percpu *c, u32 token)
{
    count(&c->apf.not_present);
    if (dialect == APF_PF2) /* a ready may have been held back while the slot was busy (A2-13) */
        acknowledge();
    switch (apf_wait(token)) {
    case APF_WAITED: /* perhaps this is another CPU by now */
        break;
    case APF_HALT_WAITED:
        count(&c->apf.halt_waits);
        break;
    case APF_NOT_NEEDED:
        count(&c->apf.duplicates);
        break;
    }
}

static void ready(struct percpu *c, u32 token)
{
    if (token == APF_TOKEN_WAKE_ALL) {
        count(&c->apf.wake_all);
        apf_wake_cpu(c->id);
    } else if (token) {
        count(&c->apf.ready);
        apf_ready(token);
    }
}

void pvapf_event(struct percpu *c, u32 marker, u32 token, bool irqs_were_on)
{
    if (!irqs_were_on)
        panic("asynchronous page fault, token %x, while interrupts were off (A4-12)", token);
    if (dialect == APF_LEGACY && marker == APF_REASON_READY)
        ready(c, token);
    else
        not_present(c, token);
}

/* Handles what the slot reports and frees it. */
static void take_ready(struct percpu *c)
{
    struct apf_slot *slot = &c->apf_slot;

    ready(c, at_load(&slot->token));
    if (dialect == APF_INT)
        at_store(&slot->token, 0);
    else
        at_store_rel(&slot->word0, APF_REASON_NONE);
}

static bool slot_reports(const struct apf_slot *slot)
{
    return dialect == APF_INT ? at_load(&slot->token) != 0 : at_load_acq(&slot->word0) == APF_REASON_READY;
}

/*
 * Page ready: handle, free the slot, and only then tell the host to look for the next one (A4-27, A2-12). A write to
 * these MSRs always leaves the VM, which puts the store before it in order. If another page is ready, the host reports
 * it before it comes back: we take it at once, which costs one exit and not three, and its interrupt finds nothing.
 */
void irq_apf(void)
{
    struct percpu *c = karch_cpu();

    if (!c->apf_on) /* raised before it was switched off: the slot is not the host's any more (A4-29) */
        return;
    do {
        if (slot_reports(&c->apf_slot))
            take_ready(c);
        acknowledge();
    } while (slot_reports(&c->apf_slot));
}

static void switch_here(void *on)
{
    if (on)
        pvapf_cpu_enable(karch_cpu());
    else
        pvapf_cpu_disable(karch_cpu());
}

bool pvapf_enable(bool on)
{
    if (dialect == APF_ABSENT)
        return !on;
    cpu_call_all(switch_here, on ? &dialect : NULL);
    return true;
}

struct apf_counters pvapf_counters(void)
{
    struct apf_counters sum = {0};

    for (unsigned i = 0; i < cpu_count(); i++) {
        const struct apf_counters *a = &cpus[i].apf;

        sum.not_present += at_load(&a->not_present);
        sum.ready += at_load(&a->ready);
        sum.wake_all += at_load(&a->wake_all);
        sum.halt_waits += at_load(&a->halt_waits);
        sum.duplicates += at_load(&a->duplicates);
    }
    return sum;
}

enum apf_dialect pvapf_dialect(void)
{
    return dialect;
}

const char *pvapf_dialect_name(void)
{
    switch (dialect) {
    case APF_ABSENT:
        break;
    case APF_LEGACY:
        return "legacy";
    case APF_PF2:
        return "pf2";
    case APF_INT:
        return "int";
    }
    return "none";
}
