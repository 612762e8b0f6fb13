/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx_apic.c: what the hardware does of the local APIC (SDM vol. 3, 30).
 *
 * Four parts, each used where this CPU has it and `apicv=` lets it be: the TPR shadow; virtualised APIC accesses, for
 * xAPIC mode, with the frame that the core names (apic_page.h); APIC-register virtualisation; virtual-interrupt
 * delivery. The registers lie in the virtual-APIC page, at the offsets of the real ones. Of it only the TPR lives there
 * always; the rest is filled in before an entry, and what may have changed is taken back after the exit.
 */
#include "vmx_vcpu.h"
#include "apic.h"
#include "apic_page.h"
#include "port.h"
#include "vm.h"

bool vmx_apic_init(struct vmx_vcpu *x)
{
    x->apic = port_zalloc(PAGE_SIZE);
    return x->apic;
}

void vmx_apic_free(struct vmx_vcpu *x)
{
    port_zfree(x->apic, PAGE_SIZE);
}

u8 vmx_tpr(const struct vcpu *v)
{
    return vmx_of(v)->apic[APIC_TPR];
}

void vmx_set_tpr(struct vcpu *v, u8 tpr)
{
    vmx_of(v)->apic[APIC_TPR] = tpr;
}

static u64 mode(const struct vcpu *v)
{
    return v->lapic.base & (APIC_BASE_ENABLE | APIC_BASE_X2);
}

bool vmx_may_virt_apic(void)
{
    return vmx.apic_access;
}

bool vmx_virt_apic(const struct vcpu *v)
{
    return vmx.apic_access && mode(v) == APIC_BASE_ENABLE &&
           gpa_gfn((gpa_t){v->lapic.base}).v == APIC_PAGE_GFN.v;
}

void vmx_apic_page(struct vcpu *v, hpa_t at)
{
    check(read_held(&v->vm->tdp.lock), "B7-2: the address is written under the mapping lock");
    vmx_of(v)->apic_page = at;
    vmx_of(v)->apic_page_new = true;
}

bool vmx_virt_intr(const struct vcpu *v)
{
    (void)v;
    return vmx.virtual_intr;
}

static bool x2apic(const struct vcpu *v)
{
    return vmx.x2apic && mode(v) == (APIC_BASE_ENABLE | APIC_BASE_X2);
}

/* Which of the parts are on, in the mode that the local APIC is in. */
static u32 parts(const struct vcpu *v)
{
    bool access = vmx_virt_apic(v) && vmx_of(v)->apic_page.v;
    u32 on = (access ? VMX_PROC2_APIC_ACCESS : 0) | (x2apic(v) ? VMX_PROC2_X2APIC : 0);

    if (on && vmx.apic_regs)
        on |= VMX_PROC2_APIC_REGS;
    return on | (vmx.virtual_intr ? VMX_PROC2_INTR : 0);
}

/*
 * Requests and services move to the page; RVI and SVI are the highest of each (30.1.1). Bochs, which also does not name
 * them, delivers a virtual interrupt right behind an event that the entry injects, though its handler has interrupts
 * off: there they wait until the guest has them on again.
 */
static void lend_interrupts(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    bool wait = vmx.unnamed && x->event.info & VMX_EVENT_VALID;
    int requested, serving;

    if (wait && lapic_requested(v))
        x->proc |= VMX_PROC_INTR_WINDOW;
    lapic_lend(v, x->apic, !wait, &requested, &serving);
    x->requested = (u8)MAX(requested, 0);
    vmx_write(VMCS_GUEST_INT_STATUS, (u64)MAX(serving, 0) << 8 | (u64)MAX(requested, 0));
}

void vmx_apic_enter(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    u32 on = parts(v);

    x->proc2 &= ~(u32)(VMX_PROC2_APIC_ACCESS | VMX_PROC2_X2APIC | VMX_PROC2_APIC_REGS | VMX_PROC2_INTR);
    x->proc2 |= on;
    vmx_write(VMCS_MSR_BITMAP, on & VMX_PROC2_X2APIC ? vmx.msr_bitmap_x2apic.v : vmx.msr_bitmap.v);
    if (on & VMX_PROC2_APIC_ACCESS && x->apic_page_new) {
        vmx_write(VMCS_APIC_ACCESS_ADDR, x->apic_page.v);
        x->apic_page_new = false;
    }
    if (vmx.tpr_shadow) {
        vmx_write(VMCS_VIRT_APIC_ADDR, port_hpa(x->apic).v);
        vmx_write(VMCS_TPR_THRESHOLD, on & VMX_PROC2_INTR ? 0 : x->tpr_threshold);
    }
    if (on & VMX_PROC2_APIC_REGS)
        lapic_fill(v, x->apic);
    if (on & VMX_PROC2_INTR)
        lend_interrupts(v);
}

static bool marked(const u8 *registers, u8 vector)
{
    return *(const u32 *)(registers + (vector / 32 << 4)) & BIT(vector % 32);
}

/*
 * Where the exit names what was delivered before instead (vmx_probe.c), it is the virtual interrupt that has come into
 * service since the entry, if the guest has interrupts on: had its delivery ended they were off. A handler that sets IF
 * before its EOI, and whose exception then is what cannot be delivered, is not told apart.
 */
u32 vmx_apic_vectoring(const struct vcpu *v, u32 vectoring)
{
    const struct vmx_vcpu *x = vmx_of(v);
    u8 serving;

    if (!(x->proc2 & VMX_PROC2_INTR) || !(x->rflags & RFLAGS_IF))
        return vectoring;
    serving = (u8)(vmx_read(VMCS_GUEST_INT_STATUS) >> 8);
    if (!serving || (v->lapic.isr[serving / 32] & BIT(serving % 32) &&
                     (serving != x->requested || marked(x->apic + APIC_IRR, serving))))
        return vectoring; /* it was in service before */
    return (u32)VMX_EVENT_VALID | VMX_EVENT_INTR | serving;
}

void vmx_apic_exited(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);

    v->lapic.tpr = x->apic[APIC_TPR];
    if (x->proc2 & VMX_PROC2_INTR)
        lapic_return(v, x->apic);
    if (x->proc2 & VMX_PROC2_APIC_REGS)
        lapic_written(v, x->apic);
}

static gpa_t where(const struct vcpu *v, u64 offset)
{
    return (gpa_t){(v->lapic.base & ~PAGE_MASK) | offset};
}

/* An access that the hardware does not carry out: settled by its instruction. */
void vmx_apic_access(struct vcpu *v, struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);
    u64 type = VMX_APIC_TYPE(x->qualification);

    if (type == VMX_APIC_FETCH) {
        vmx_exit_bad(x, e, "execution at the APIC page");
        return;
    }
    e->kind = EXIT_TDP;
    e->tdp.gpa = where(v, x->qualification & VMX_APIC_OFFSET);
    e->tdp.access = type == VMX_APIC_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

/* The hardware has put the value into the page; what it means is to be done. RIP is behind the instruction. */
void vmx_apic_written(struct vcpu *v, struct exit *e)
{
    struct vmx_vcpu *x = vmx_of(v);
    u32 offset = x->qualification & VMX_APIC_OFFSET, value = *(u32 *)(x->apic + offset);

    if (x2apic(v)) {
        e->kind = EXIT_MSR;
        e->msr.index = MSR_X2APIC + (offset >> 4);
        e->msr.write = true;
        e->msr.value = value;
        return;
    }
    e->kind = EXIT_MMIO;
    e->mmio.gpa = where(v, offset);
    e->mmio.size = sizeof(value);
    e->mmio.write = true;
    e->mmio.value = value;
}
