/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_report.c: the state of a vCPU under VMX, for people; and why an entry was refused. */
#include "vmx_vcpu.h"
#include "vmx_insn.h"
#include "apic.h"
#include "con.h"
#include "cpuid.h"
#include "lib/str.h"
#include "vmx_check.h"
#include "x86_report.h"

static struct x86_seg seg(const struct vmx_seg *s)
{
    return (struct x86_seg){s->selector, s->base, s->limit, s->access};
}

static struct x86_seg table(const struct vmx_table *t)
{
    return (struct x86_seg){.base = t->base, .limit = t->limit};
}

static void wrong(const char *field, u64 value, const char *rule, const char *section)
{
    con_host("  %s = %lx %s (SDM vol. 3, %s)", field, value, rule, section);
}

/* A control that this CPU does not have may be what is wrong; it has not the field either. */
static u64 get(u64 field)
{
    u64 value;

    return vmread_field(field, &value) ? value : 0;
}

/* The VMCS is as it was refused: such an entry changes nothing in it (SDM vol. 3, 27.8). */
static void report_refusal(const struct vmx_vcpu *x)
{
    u32 widths = cpuid(CPUID_EXT_SIZES, 0).eax;
    unsigned n = vmx_check(&(struct vmx_checklist){
        .features = &vmx,
        .physical_bits = widths & 0xff,
        .linear_bits = widths >> 8 & 0xff,
        .vtpr = x->apic ? x->apic[APIC_TPR] : 0,
        .get = get,
        .wrong = wrong,
    });

    con_host("  refused entry: %u rules found broken", n);
}

void vmx_report(const struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    const struct vmx_rest *r = vmx_rest(x);
    struct x86_state s = {
        .rip = x->rip,
        .rflags = x->rflags,
        .cr0 = x->cr0,
        .cr2 = x->cr2,
        .cr3 = r->cr3,
        .cr4 = r->cr4,
        .efer = x->efer,
        .cpl = vmx_cpl(v),
        .code64 = vmx_long(x),
        .cs = seg(&r->seg[SEG_CS]),
        .ss = seg(&r->seg[SEG_SS]),
        .ds = seg(&r->seg[SEG_DS]),
        .tr = seg(&r->seg[SEG_TR]),
        .gdtr = table(&r->gdtr),
        .idtr = table(&r->idtr),
    };

    memcpy(s.gpr, x->gpr, sizeof(s.gpr));
    x86_report(v, &s);
    con_host("  exit %x info %016lx %016lx injecting %x interruptible %lx", x->reason, x->qualification,
             x->guest_phys, x->event.info, x->interruptible);
    if (x->refused)
        report_refusal(x);
}
