/* SPDX-License-Identifier: BSD-2-Clause */
/* hw.c: hw.h for unit tests: a vCPU whose state the test sets, whose guest is a function, all calls recorded. */
#include <stdlib.h>
#include <string.h>
#include "fake/machine.h"
#include "hw.h"
#include "vcpu.h"

void (*fake_guest)(struct vcpu *v, struct exit *e);

static void power_on(struct hw_vcpu *h)
{
    h->cpl = 0;
    h->paging = h->intr_open = h->intr_flag = h->nmi_open = true;
    h->tpr = 0;
    h->pending = (struct fake_injection){.event = FAKE_NO_EVENT};
    h->window = -1;
    h->sipi = -1;
}

bool hw_vcpu_init(struct vcpu *v)
{
    v->hw = port_zalloc(sizeof(*v->hw));
    if (!v->hw)
        return false;
    power_on(v->hw);
    return true;
}

void hw_vcpu_free(struct vcpu *v)
{
    port_zfree(v->hw, sizeof(*v->hw));
    v->hw = NULL;
}

void hw_start_pvh(struct vcpu *v, u32 entry, u32 start_info)
{
    v->hw->entry = entry;
    v->hw->start_info = start_info;
}

void hw_init(struct vcpu *v)
{
    power_on(v->hw);
    v->hw->inits++;
}

void hw_start_sipi(struct vcpu *v, u8 vector)
{
    v->hw->sipi = vector;
}

void hw_load(struct vcpu *v)
{
    v->hw->loads++;
}

void hw_put(struct vcpu *v)
{
    v->hw->puts++;
}

void hw_run(struct vcpu *v, struct exit *e)
{
    check(fake_guest, "the test plays the guest");
    v->hw->entries++;
    v->hw->flush = false;
    v->hw->pending.event = FAKE_NO_EVENT;
    *e = (struct exit){.kind = EXIT_INTR};
    fake_guest(v, e);
}

void hw_settle(struct vcpu *v, struct exit *e)
{
    (void)v;
    (void)e;
}

void hw_complete(struct vcpu *v, const struct exit *e)
{
    v->hw->completed = *e;
    v->hw->completions++;
}

enum mmio hw_mmio(struct vcpu *v, struct exit *e)
{
    struct hw_vcpu *h = v->hw;

    check(e->kind == EXIT_TDP, "only a fault is decoded");
    h->faults_decoded++;
    if (h->decoded.kind == EXIT_INTR)
        return MMIO_AGAIN;
    *e = h->decoded;
    return e->kind == EXIT_MMIO ? MMIO_DECODED : MMIO_UNKNOWN;
}

void hw_again(struct vcpu *v)
{
    v->hw->repeats++;
}

static void inject(struct vcpu *v, struct fake_injection what)
{
    struct hw_vcpu *h = v->hw;

    check(h->pending.event == FAKE_NO_EVENT, "one event at a time");
    check(h->injected < FAKE_LOG, "the test's log holds all injections");
    h->pending = h->log[h->injected++] = what;
}

void hw_inject_pf(struct vcpu *v, u32 error, u64 cr2)
{
    inject(v, (struct fake_injection){.event = FAKE_PF, .error = error, .cr2 = cr2});
}

void hw_inject_gp(struct vcpu *v)
{
    inject(v, (struct fake_injection){.event = FAKE_GP});
}

void hw_inject_ud(struct vcpu *v)
{
    inject(v, (struct fake_injection){.event = FAKE_UD});
}

void hw_inject_nmi(struct vcpu *v)
{
    inject(v, (struct fake_injection){.event = FAKE_NMI});
}

void hw_inject_irq(struct vcpu *v, u8 vector)
{
    inject(v, (struct fake_injection){.event = FAKE_IRQ, .vector = vector});
}

bool hw_event_pending(const struct vcpu *v)
{
    return v->hw->pending.event != FAKE_NO_EVENT;
}

bool hw_intr_open(const struct vcpu *v)
{
    return v->hw->intr_open;
}

bool hw_if(const struct vcpu *v)
{
    return v->hw->intr_flag;
}

bool hw_nmi_open(const struct vcpu *v)
{
    return v->hw->nmi_open;
}

void hw_irq_window(struct vcpu *v, u8 vector)
{
    v->hw->window = vector;
}

void hw_irq_window_off(struct vcpu *v)
{
    v->hw->window = -1;
}

unsigned hw_cpl(const struct vcpu *v)
{
    return v->hw->cpl;
}

bool hw_paging(const struct vcpu *v)
{
    return v->hw->paging;
}

u8 hw_tpr(const struct vcpu *v)
{
    return v->hw->tpr;
}

void hw_set_tpr(struct vcpu *v, u8 tpr)
{
    v->hw->tpr = tpr & 0xf0; /* as CR8 */
}

bool hw_nx_needed(void)
{
    return fake.nx_needed;
}

void hw_set_root(struct vcpu *v, hpa_t root)
{
    v->hw->root = root;
}

bool hw_may_virt_apic(void)
{
    return fake.may_virt_apic;
}

bool hw_virt_apic(const struct vcpu *v)
{
    return v->hw->virt_apic;
}

bool hw_virt_intr(const struct vcpu *v)
{
    (void)v;
    return false;
}

void hw_apic_page(struct vcpu *v, hpa_t at)
{
    v->hw->apic_page = at;
    v->hw->apic_pages++;
}

void hw_exit_on_spin(struct vcpu *v, bool on)
{
    v->hw->exit_on_spin = on;
}

void hw_flush(struct vcpu *v)
{
    v->hw->flush = true;
    v->hw->flushes++;
}

void hw_log_writes(struct vcpu *v, bool on)
{
    v->hw->log_writes = on;
}

unsigned hw_gpa_bits(void)
{
    return FAKE_MAXPHYADDR;
}

void hw_cpuid(const struct vcpu *v, struct exit *e)
{
    (void)v;
    e->cpuid.eax = e->cpuid.leaf;
    e->cpuid.ebx = e->cpuid.ecx = e->cpuid.edx = 0;
}

enum outcome hw_msr(struct vcpu *v, struct exit *e)
{
    (void)v, (void)e;
    return OUTCOME_GP;
}

/* What the guest can tell, in its own order. */
struct fake_saved {
    u32 magic, cpl;
    bool paging, intr_open, intr_flag, nmi_open;
    u8 tpr;
    struct fake_injection pending;
};

void hw_save(const struct vcpu *v, void *to)
{
    const struct hw_vcpu *h = v->hw;

    check(h->loads == h->puts, "no CPU has registers of a vCPU that is saved");
    const struct fake_saved s = {FAKE_HW_MAGIC, h->cpl,      h->paging, h->intr_open,
                                 h->intr_flag,  h->nmi_open, h->tpr,    h->pending};

    memcpy(to, &s, sizeof(s));
}

bool hw_restorable(const void *from)
{
    return *(const u32 *)from == FAKE_HW_MAGIC;
}

void hw_restore(struct vcpu *v, const void *from)
{
    struct hw_vcpu *h = v->hw;
    struct fake_saved s;

    memcpy(&s, from, sizeof(s));
    h->cpl = s.cpl;
    h->paging = s.paging;
    h->intr_open = s.intr_open;
    h->intr_flag = s.intr_flag;
    h->nmi_open = s.nmi_open;
    h->tpr = s.tpr;
    h->pending = s.pending;
}

void hw_set_tsc_offset(struct vcpu *v, u64 offset)
{
    v->hw->tsc_offset = offset;
}

void hw_report(const struct vcpu *v)
{
    v->hw->reports++;
}
