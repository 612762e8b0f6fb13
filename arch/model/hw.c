/* SPDX-License-Identifier: BSD-2-Clause */
/* hw.c: what the core sets and asks outside guest mode (hw.h). */
#include "hw.h"
#include "hw_vcpu.h"
#include "machine.h"
#include "vm.h"
#include "walk.h"

#define GPA_BITS 44

static struct vcpu *vcpus[HW_VCPUS];

struct vcpu *hw_vcpu_at(unsigned i)
{
    return vcpus[i];
}

static void power_on(struct hw_vcpu *h)
{
    h->cpl = 0;
    h->paging = h->intr_flag = h->nmi_open = true;
    h->shadow = false;
    h->tpr = 0;
    h->pending = (struct model_event){.kind = EVENT_NONE};
    h->window = -1;
}

bool hw_vcpu_init(struct vcpu *v)
{
    v->hw = port_zalloc(sizeof(*v->hw));
    if (!v->hw)
        return false;
    power_on(v->hw);
    vcpus[v->id] = v;
    return true;
}

void hw_vcpu_free(struct vcpu *v)
{
    vcpus[v->id] = NULL;
    port_zfree(v->hw, sizeof(*v->hw));
    v->hw = NULL;
}

void hw_start_pvh(struct vcpu *v, u32 entry, u32 start_info)
{
    (void)v, (void)entry, (void)start_info;
}

void hw_init(struct vcpu *v)
{
    power_on(v->hw);
}

void hw_start_sipi(struct vcpu *v, u8 vector)
{
    (void)v, (void)vector;
}

void hw_load(struct vcpu *v)
{
    (void)v;
}

void hw_put(struct vcpu *v)
{
    (void)v;
}

void hw_settle(struct vcpu *v, struct exit *e)
{
    (void)v, (void)e;
}

void hw_complete(struct vcpu *v, const struct exit *e)
{
    v->hw->shadow = false;
    player_complete(v, e);
}

/* Guests of this machine have x2APICs. */
enum mmio hw_mmio(struct vcpu *v, struct exit *e)
{
    (void)v;
    *e = (struct exit){.kind = EXIT_BAD, .bad.why = "an access to the APIC page"};
    return MMIO_UNKNOWN;
}

/* This machine's shadow stays until the instruction is over. */
void hw_again(struct vcpu *v)
{
    (void)v;
}

static void inject(struct vcpu *v, struct model_event what)
{
    check(v->hw->pending.kind == EVENT_NONE, "one event waits at a time");
    v->hw->pending = what;
    player_inject(v, &what);
}

void hw_inject_pf(struct vcpu *v, u32 error, u64 cr2)
{
    inject(v, (struct model_event){.kind = EVENT_PF, .error = error, .cr2 = cr2});
}

void hw_inject_gp(struct vcpu *v)
{
    inject(v, (struct model_event){.kind = EVENT_GP});
}

void hw_inject_ud(struct vcpu *v)
{
    inject(v, (struct model_event){.kind = EVENT_UD});
}

void hw_inject_nmi(struct vcpu *v)
{
    check(hw_nmi_open(v), "an NMI waits for the IRET of the last one");
    v->hw->nmi_open = false;
    inject(v, (struct model_event){.kind = EVENT_NMI});
}

void hw_inject_irq(struct vcpu *v, u8 vector)
{
    check(hw_intr_open(v), "an interrupt is injected where the guest takes interrupts");
    inject(v, (struct model_event){.kind = EVENT_IRQ, .vector = vector});
}

bool hw_event_pending(const struct vcpu *v)
{
    return v->hw->pending.kind != EVENT_NONE;
}

bool hw_intr_open(const struct vcpu *v)
{
    return v->hw->intr_flag && !v->hw->shadow;
}

bool hw_if(const struct vcpu *v)
{
    return v->hw->intr_flag;
}

bool hw_nmi_open(const struct vcpu *v)
{
    return v->hw->nmi_open && !v->hw->shadow;
}

void hw_irq_window(struct vcpu *v, u8 vector)
{
    v->hw->window = vector;
}

void hw_irq_window_off(struct vcpu *v)
{
    v->hw->window = -1;
}

void hw_exit_on_spin(struct vcpu *v, bool on)
{
    v->hw->exit_on_spin = on;
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
    v->hw->tpr = tpr & 0xf0;
}

void hw_set_root(struct vcpu *v, hpa_t root)
{
    v->hw->root = root;
    v->hw->flush = true;
}

void hw_flush(struct vcpu *v)
{
    v->hw->flush = true;
}

/* Of the extensions with such a list only the dirty bits are modelled. */
bool hw_has_log(void)
{
    return false;
}

void hw_log_writes(struct vcpu *v, bool on)
{
    (void)v;
    check(!on, "no list is kept of written pages");
}

bool hw_will_flush(const struct vcpu *v)
{
    return v->hw->flush || v->flush_seen != v->vm->flush_generation;
}

/* What the core calls the format that the machine walks. */
const struct tdp_ops *hw_tdp(void)
{
    static const struct {
        const struct model_walk *walk;
        const struct tdp_ops *ops;
    } pair[] = {{&walk_npt, &tdp_npt}, {&walk_ept, &tdp_ept},         {&walk_ept_noad, &tdp_ept_noad},
                {&walk_s2, &tdp_s2},   {&walk_s2_noaf, &tdp_s2_soft}, {&walk_toy, &tdp_toy}};
    unsigned i = 0;

    while (pair[i].walk != machine.config.walk)
        i++;
    return pair[i].ops;
}

bool hw_nx_needed(void)
{
    return machine.config.nx_needed;
}

bool hw_may_virt_apic(void)
{
    return machine.config.virt_apic;
}

bool hw_virt_apic(const struct vcpu *v)
{
    (void)v;
    return machine.config.virt_apic;
}

bool hw_virt_intr(const struct vcpu *v)
{
    (void)v;
    return false;
}

void hw_apic_page(struct vcpu *v, hpa_t at)
{
    v->hw->apic_page = at;
    v->hw->apic_loads++;
}

unsigned hw_gpa_bits(void)
{
    return GPA_BITS;
}

void hw_cpuid(const struct vcpu *v, struct exit *e)
{
    (void)v;
    e->cpuid.eax = e->cpuid.ebx = e->cpuid.ecx = e->cpuid.edx = 0;
}

enum outcome hw_msr(struct vcpu *v, struct exit *e)
{
    (void)v, (void)e;
    return OUTCOME_GP;
}

void hw_report(const struct vcpu *v)
{
    (void)v;
}
