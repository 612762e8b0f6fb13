/* SPDX-License-Identifier: BSD-2-Clause */
/* vmx_cpu.h: what VMX needs of each physical CPU, what this machine has of it, and what of that is used. */
#pragma once
#include "lib/types.h"
#include "vmx.h"

/* Does the CPU know VMX at all? */
bool vmx_exists(void);
/* Can guests run here? If not, *why says what is missing, as a clause. */
bool vmx_supported(const char **why) must_check;

/* Once, on the CPU that booted, when memory can be had. apicv: APICV_…, what may be used. */
void vmx_setup(u32 apicv);

/* On each CPU, when its GS base and task register have their final values; by vmx_setup() on the one that booted. */
void vmx_cpu_init(void);

struct vmx_cpu {
    bool on;       /* VMXON has been */
    const u8 *fpu; /* the FXSAVE image that the FPU registers still equal; NULL = not known */
};

/* Allowed settings of a group of controls: bits that must be 1, and bits that may be (SDM vol. 3, appendix A). */
struct vmx_allowed {
    u32 must, may;
};

/* The same on all CPUs, constant after vmx_setup(). */
struct vmx_features {
    u32 revision;
    struct vmx_allowed pin, proc, proc2, exit, entry;
    u64 cr0_must, cr0_may, cr4_must, cr4_may;
    u64 ept_vpid; /* VMX_EPT_…, VMX_VPID_… */
    unsigned timer_rate;

    /* Found, and not switched off. */
    bool ad, vpid, timer, pml;
    bool tpr_shadow, apic_access, apic_regs, virtual_intr, x2apic;
    bool unnamed; /* an exit does not name the virtual interrupt whose delivery it ended */
    hpa_t msr_bitmap, msr_bitmap_x2apic; /* the second one where x2APIC mode is virtualised */
};
extern struct vmx_features vmx;

struct vmx_cpu *vmx_this_cpu(void);

/* For people: what is used, in one line. */
const char *vmx_describe(void);
