/* SPDX-License-Identifier: BSD-2-Clause */
/* svm_rig.h: for the tests of the svm_*.c files: one vCPU with a VMCB in 64-bit mode, and guest memory to walk. */
#pragma once
#include "guest_ram.h"
#include "vm.h"
#include "../../arch/x86_64/host/svm_vcpu.h"
#include "desc.h"
#include "page.h"

/* Guest page tables: 2 MiB of linear address space from 0, in 4 KiB pages, each at its own address but for holes. */
#define RIG_PML4 0x1000u
#define RIG_PDPT 0x2000u
#define RIG_PD   0x3000u
#define RIG_PT   0x4000u
#define RIG_CODE 0x10000u

static struct {
    struct vm vm;
    struct vcpu v;
    struct hw_vcpu hw;
} rig;

static inline void rig_entry(u64 at, u64 entry)
{
    memcpy(ram.byte + at, &entry, sizeof(entry));
}

static inline void rig_code(u64 at, const void *code, size_t n)
{
    memcpy(ram.byte + at, code, n);
}

static inline int rig_reset(void **state)
{
    (void)state;
    ram_reset();
    memset(&rig, 0, sizeof(rig));
    rig.v.vm = &rig.vm;
    rig.v.hw = &rig.hw;
    rig.hw.vmcb.efer = EFER_SVME | EFER_LME | EFER_LMA;
    rig.hw.vmcb.cr0 = CR0_PE | CR0_PG;
    rig.hw.vmcb.cr3 = RIG_PML4;
    rig.hw.vmcb.cs.attr = SVM_SEG_ATTR_L;
    rig.hw.vmcb.rip = RIG_CODE;
    rig_entry(RIG_PML4, RIG_PDPT | PTE_P);
    rig_entry(RIG_PDPT, RIG_PD | PTE_P);
    rig_entry(RIG_PD, RIG_PT | PTE_P);
    for (u64 a = 0; a < RAM_PAGES * PAGE_SIZE; a += PAGE_SIZE)
        rig_entry(RIG_PT + a / PAGE_SIZE * 8, a | PTE_P);
    return 0;
}
