/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_mmio.c: an EPT violation or an APIC access, as the access that the instruction meant. */
#include "vmx_vcpu.h"
#include "gwalk.h"
#include "mmio.h"

static unsigned code_bits(const struct vmx_vcpu *x)
{
    if (vmx_long(x))
        return 64;
    return x->cs_access & VMX_SEG_DB ? 32 : 16;
}

size_t vmx_code(const struct vcpu *v, u8 *to, size_t n)
{
    struct vmx_vcpu *x = vmx_of(v);
    const struct vmx_rest *r = vmx_rest(x);
    struct gwalk w = {x->cr0, r->cr3, r->cr4, x->efer};

    return gwalk_read(v->vm, &w, (gva_t){vmx_long(x) ? x->rip : (u32)(r->seg[SEG_CS].base + x->rip)}, to, n);
}

static enum mmio unknown(const struct vmx_vcpu *x, struct exit *e, const char *why)
{
    vmx_exit_bad(x, e, why);
    return MMIO_UNKNOWN;
}

/* The access was the CPU's own, to walk the guest's tables. */
static bool walked_tables(const struct vmx_vcpu *x)
{
    if ((u16)x->reason == VMX_EXIT_APIC_ACCESS)
        return VMX_APIC_TYPE(x->qualification) == VMX_APIC_PHYSICAL;
    return !(x->qualification & VMX_EPT_FINAL);
}

enum mmio vmx_mmio(struct vcpu *v, struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);
    struct mmio_code code = {.bits = code_bits(x)};
    enum mmio m;

    /* No instruction means these: there is none to look at. */
    if (walked_tables(x))
        return unknown(x, e, "page tables at the APIC page");
    if (x->event.info & VMX_EVENT_VALID)
        return unknown(x, e, "an event delivered by way of the APIC page");
    code.n = vmx_code(v, code.byte, sizeof(code.byte));
    m = mmio_decode(e, &code, &x->insn);
    if (m == MMIO_UNKNOWN) {
        (void)unknown(x, e, "unknown instruction at the APIC page");
        mmio_show(e, &code);
    }
    if (m != MMIO_DECODED)
        return m;
    x->length = x->insn.length;
    mmio_store(e, &x->insn, x->gpr[x->insn.reg]);
    return m;
}
