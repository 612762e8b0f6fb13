/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_reset.c: what a vCPU's registers are when it is made, and at INIT, SIPI and PVH start (SDM vol. 3, 10.1.1). */
#include "vmx_vcpu.h"
#include "debugreg.h"
#include "desc.h"
#include "fpu.h"
#include "port.h"
#include "lib/str.h"

#define PAT_RESET     0x0007040600070406ull
#define RIP_RESET     0xfff0
#define CS_RESET      0xf000
#define CS_BASE_RESET 0xffff0000u
#define PVH_CS        0x08 /* any: the protocol leaves the selectors open */
#define PVH_DS        0x10

/* Access rights: type, S, DPL 0, P; L, D/B, G in bits 13 to 15. */
#define REAL_CODE 0x009bu
#define REAL_DATA 0x0093u
#define CODE32    0xc09bu
#define DATA32    0xc093u
#define LDT       0x0082u
#define TSS_BUSY  0x008bu

#define PIN_CONTROLS (VMX_PIN_INTR | VMX_PIN_NMI | VMX_PIN_VIRTUAL_NMI)
#define PROC_CONTROLS                                                                     \
    (VMX_PROC_TSC_OFFSET | VMX_PROC_HLT | VMX_PROC_MWAIT | VMX_PROC_RDPMC | VMX_PROC_IO | \
     VMX_PROC_MSR_BITMAP | VMX_PROC_MONITOR | VMX_PROC_SECONDARY)
#define PROC2_CONTROLS (VMX_PROC2_EPT | VMX_PROC2_UNRESTRICTED)
#define ENTRY_CONTROLS (VMX_ENTRY_LOAD_DEBUG | VMX_ENTRY_LOAD_PAT | VMX_ENTRY_LOAD_EFER)

bool vmx_vcpu_init(struct vcpu *v)
{
    struct vmx_vcpu *x = port_zalloc(sizeof(*x));

    if (!x)
        return false;
    v->hw = (struct hw_vcpu *)x;
    if (!vmx_apic_init(x) || !vmx_log_init(x) || !port_frame_alloc(&x->vmcs)) {
        vmx_vcpu_free(v);
        return false;
    }
    memset(port_map(x->vmcs), 0, PAGE_SIZE);
    *(u32 *)port_map(x->vmcs) = vmx.revision;
    x->vpid = (u16)(v->id + 1);
    x->pin = PIN_CONTROLS;
    x->proc2 = PROC2_CONTROLS | (vmx.vpid ? VMX_PROC2_VPID : 0);
    x->entry = ENTRY_CONTROLS;
    x->cr0 = CR0_CD | CR0_NW;
    x->dr6 = DR6_INIT;
    fpu_reset(x->fpu);
    vmx_init(v);
    x->rest.pat = PAT_RESET;
    return true;
}

void vmx_vcpu_free(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);

    if (x->cpu && x->cpu->fpu == x->fpu)
        x->cpu->fpu = NULL; /* the registers hold what nobody knows any more */
    vmx_apic_free(x);
    vmx_log_free(x);
    if (x->vmcs.v)
        port_frame_free(x->vmcs);
    port_zfree(x, sizeof(*x));
    v->hw = NULL;
}

static void set_data_segments(struct vmx_rest *r, struct vmx_seg s)
{
    r->seg[SEG_DS] = r->seg[SEG_ES] = r->seg[SEG_FS] = r->seg[SEG_GS] = r->seg[SEG_SS] = s;
}

static void set_code_segment(struct vmx_vcpu *x, struct vmx_seg s)
{
    vmx_rest(x)->seg[SEG_CS] = s;
    x->cs_access = s.access;
}

void vmx_init(struct vcpu *v)
{
    struct vmx_vcpu *x = vmx_of(v);
    u64 pat = x->loaded ? vmx_rest(x)->pat : x->rest.pat;

    x->rest = (struct vmx_rest){
        .gdtr = {0, 0xffff},
        .idtr = {0, 0xffff},
        .dr7 = DR7_INIT,
        .pat = pat,
        .seg[SEG_LDTR] = {0, 0, 0xffff, LDT},
        .seg[SEG_TR] = {0, 0, 0xffff, TSS_BUSY},
    };
    x->rest_here = true;
    set_code_segment(x, (struct vmx_seg){CS_RESET, CS_BASE_RESET, 0xffff, REAL_CODE});
    set_data_segments(&x->rest, (struct vmx_seg){0, 0, 0xffff, REAL_DATA});
    x->ss_access = REAL_DATA;
    memset(x->gpr, 0, sizeof(x->gpr));
    x->gpr[RDX] = cpuid(1, 0).eax;
    x->rip = RIP_RESET;
    x->rflags = RFLAGS_FIXED;
    x->cr0 = (x->cr0 & (CR0_CD | CR0_NW)) | CR0_ET;
    x->cr2 = x->efer = 0;
    x->interruptible = 0;
    x->event.info = 0;
    x->proc = PROC_CONTROLS | (vmx.tpr_shadow ? VMX_PROC_TPR_SHADOW : VMX_PROC_CR8_LOAD | VMX_PROC_CR8_STORE);
    x->tpr_threshold = 0;
    vmx_set_tpr(v, 0);
    x->flush = true;
    x->dr6 = DR6_INIT;
    memset(x->dr, 0, sizeof(x->dr));
    if (x->loaded) {
        write_dr6(x->dr6);
        write_dr0_3(x->dr);
    }
}

void vmx_start_sipi(struct vcpu *v, u8 vector)
{
    struct vmx_vcpu *x = vmx_of(v);

    set_code_segment(x, (struct vmx_seg){(u16)(vector << 8), (u64)vector << 12, 0xffff, REAL_CODE});
    x->rip = 0;
}

void vmx_start_pvh(struct vcpu *v, u32 entry, u32 start_info)
{
    struct vmx_vcpu *x = vmx_of(v);

    set_code_segment(x, (struct vmx_seg){PVH_CS, 0, 0xffffffff, CODE32});
    set_data_segments(&x->rest, (struct vmx_seg){PVH_DS, 0, 0xffffffff, DATA32});
    x->ss_access = DATA32;
    x->rest.seg[SEG_TR] = (struct vmx_seg){0, 0, sizeof(struct tss64) - 1, TSS_BUSY};
    x->cr0 = CR0_PE | CR0_ET;
    x->rip = entry;
    x->gpr[RBX] = start_info;
}
