/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_save.c: a vCPU under VMX as plain bytes, and back: what the guest can tell, not what the host made of it. */
#include "vmx_vcpu.h"
#include "apic.h"
#include "fpu.h"
#include "lib/str.h"

#define VMX_STATE_MAGIC 0x31584d56u /* "VMX1" */
#define EFER_GUEST      (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

struct vmx_state {
    u32 magic, tpr;
    u32 length, reserved; /* of the instruction that asked for it: the restored vCPU is to get behind it */
    struct vmx_event event;
    u64 rip, rflags, cr0, cr2, efer, interruptible;
    u64 gpr[GPRS], dr[4], dr6, swapped[SWAPS];
    struct vmx_rest rest;
    u8 fpu[512];
};
_Static_assert(sizeof(struct vmx_state) <= HW_STATE_BYTES, "hw.h");

void vmx_save(const struct vcpu *v, void *to)
{
    const struct vmx_vcpu *x = vmx_of(v);
    struct vmx_state *s = to;

    *s = (struct vmx_state){.magic = VMX_STATE_MAGIC,
                            .tpr = x->apic[APIC_TPR],
                            .length = x->length,
                            .event = x->event,
                            .rip = x->rip,
                            .rflags = x->rflags,
                            .cr0 = x->cr0,
                            .cr2 = x->cr2,
                            .efer = x->efer,
                            .interruptible = x->interruptible,
                            .dr6 = x->dr6,
                            .rest = x->rest};
    memcpy(s->gpr, x->gpr, sizeof(s->gpr));
    memcpy(s->dr, x->dr, sizeof(s->dr));
    memcpy(s->swapped, x->swapped, sizeof(s->swapped));
    memcpy(s->fpu, x->fpu, sizeof(s->fpu));
}

static bool canonical(u64 address)
{
    return (u64)((s64)(address << 16) >> 16) == address;
}

/* What would make the host fault, or its loop misbehave. The rest VM entry checks: it harms the guest alone. */
bool vmx_restorable(const void *from)
{
    const struct vmx_state *s = from;

    return s->magic == VMX_STATE_MAGIC && s->tpr <= 0xff && s->length <= INSN_BYTES_MAX &&
           fpu_restorable(s->fpu) && !(s->efer & ~(u64)EFER_GUEST) && !(s->dr6 >> 32) &&
           !(s->swapped[SWAP_SFMASK] >> 32) && canonical(s->swapped[SWAP_LSTAR]) &&
           canonical(s->swapped[SWAP_CSTAR]) && canonical(s->swapped[SWAP_KERNEL_GS]);
}

void vmx_restore(struct vcpu *v, const void *from)
{
    struct vmx_vcpu *x = vmx_of(v);
    const struct vmx_state *s = from;

    vmx_init(v);
    x->apic[APIC_TPR] = (u8)s->tpr;
    x->length = s->length;
    x->reason = 0; /* an instruction, whichever */
    x->event = s->event;
    x->rip = s->rip;
    x->rflags = s->rflags;
    x->cr0 = s->cr0;
    x->cr2 = s->cr2;
    x->efer = s->efer;
    x->interruptible = s->interruptible & (VMX_SHADOW_STI | VMX_SHADOW_MOV_SS | VMX_NMI_BLOCKED);
    x->dr6 = s->dr6;
    x->rest = s->rest;
    x->cs_access = s->rest.seg[SEG_CS].access;
    x->ss_access = s->rest.seg[SEG_SS].access;
    memcpy(x->gpr, s->gpr, sizeof(x->gpr));
    memcpy(x->dr, s->dr, sizeof(x->dr));
    memcpy(x->swapped, s->swapped, sizeof(x->swapped));
    memcpy(x->fpu, s->fpu, sizeof(x->fpu));
}
