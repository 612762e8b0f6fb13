/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svm.h: AMD's virtual machine control block: layout, intercepts, exit codes (APM vol. 2, 15 and appendices B, C).
 *
 * Plain data and constants, no policy. Fields that nothing here uses are reserved bytes.
 */
#pragma once
#include "lib/types.h"

/* Intercept of writes to control registers: bit n = CRn. */
#define SVM_CR8 BIT(8)

/* Intercepts, first word of instructions and events (offset 0x00c). */
#define SVM_MISC1_INTR     BIT(0)
#define SVM_MISC1_NMI      BIT(1)
#define SVM_MISC1_INIT     BIT(3)
#define SVM_MISC1_VINTR    BIT(4)
#define SVM_MISC1_RDPMC    BIT(15)
#define SVM_MISC1_CPUID    BIT(18)
#define SVM_MISC1_IRET     BIT(20)
#define SVM_MISC1_INVD     BIT(22)
#define SVM_MISC1_PAUSE    BIT(23)
#define SVM_MISC1_HLT      BIT(24)
#define SVM_MISC1_INVLPGA  BIT(26)
#define SVM_MISC1_IOIO     BIT(27)
#define SVM_MISC1_MSR      BIT(28)
#define SVM_MISC1_SHUTDOWN BIT(31)

/* Second word (0x010). */
#define SVM_MISC2_VMRUN       BIT(0)
#define SVM_MISC2_VMMCALL     BIT(1)
#define SVM_MISC2_VMLOAD      BIT(2)
#define SVM_MISC2_VMSAVE      BIT(3)
#define SVM_MISC2_STGI        BIT(4)
#define SVM_MISC2_CLGI        BIT(5)
#define SVM_MISC2_SKINIT      BIT(6)
#define SVM_MISC2_RDTSCP      BIT(7)
#define SVM_MISC2_WBINVD      BIT(9)
#define SVM_MISC2_MONITOR     BIT(10)
#define SVM_MISC2_MWAIT       BIT(11)
#define SVM_MISC2_MWAIT_ARMED BIT(12)
#define SVM_MISC2_XSETBV      BIT(13)
#define SVM_MISC2_RDPRU       BIT(14)

/* TLB_CONTROL */
#define SVM_TLB_KEEP 0
#define SVM_TLB_ALL  1 /* all ASIDs of this CPU */
#define SVM_TLB_ASID 3 /* this ASID; needs FlushByASID */

/* The virtual interrupt word (0x060). */
#define SVM_V_TPR     0xfull /* as CR8 */
#define SVM_V_IRQ     BIT(8)
#define SVM_V_IGN_TPR BIT(20) /* V_IRQ is taken whatever V_TPR says */
#define SVM_V_INTR_MASKING \
    BIT(24) /* guest IF and TPR are virtual; the host's IF governs physical interrupts */

#define SVM_INT_SHADOW BIT(0)

/* EVENTINJ and EXITINTINFO; nothing else in EXITINTINFO means anything when VALID is 0. */
#define SVM_EVENT_VECTOR      0xffull
#define SVM_EVENT_TYPE        (7ull << 8)
#define SVM_EVENT_INTR        (0ull << 8)
#define SVM_EVENT_NMI         (2ull << 8)
#define SVM_EVENT_EXCEPTION   (3ull << 8)
#define SVM_EVENT_SOFT        (4ull << 8)
#define SVM_EVENT_HAS_ERROR   BIT(11)
#define SVM_EVENT_VALID       BIT(31)
#define SVM_EVENT_ERROR_SHIFT 32

#define SVM_NP_ENABLE BIT(0)

/* Exit codes. */
#define SVM_EXIT_WRITE_CR8   0x018
#define SVM_EXIT_EXCEPTION   0x040 /* + vector */
#define SVM_EXIT_INTR        0x060
#define SVM_EXIT_NMI         0x061
#define SVM_EXIT_INIT        0x063
#define SVM_EXIT_VINTR       0x064
#define SVM_EXIT_RDPMC       0x06f
#define SVM_EXIT_CPUID       0x072
#define SVM_EXIT_IRET        0x074
#define SVM_EXIT_PAUSE       0x077
#define SVM_EXIT_INVD        0x076
#define SVM_EXIT_HLT         0x078
#define SVM_EXIT_INVLPGA     0x07a
#define SVM_EXIT_IOIO        0x07b
#define SVM_EXIT_MSR         0x07c
#define SVM_EXIT_SHUTDOWN    0x07f
#define SVM_EXIT_VMRUN       0x080
#define SVM_EXIT_VMMCALL     0x081
#define SVM_EXIT_VMLOAD      0x082
#define SVM_EXIT_VMSAVE      0x083
#define SVM_EXIT_STGI        0x084
#define SVM_EXIT_CLGI        0x085
#define SVM_EXIT_SKINIT      0x086
#define SVM_EXIT_RDTSCP      0x087
#define SVM_EXIT_WBINVD      0x089
#define SVM_EXIT_MONITOR     0x08a
#define SVM_EXIT_MWAIT       0x08b
#define SVM_EXIT_MWAIT_ARMED 0x08c
#define SVM_EXIT_XSETBV      0x08d
#define SVM_EXIT_RDPRU       0x08e
#define SVM_EXIT_NPF         0x400
#define SVM_EXIT_INVALID     0xffffffffu /* the low half: QEMU leaves the high one 0 */

/* EXITINFO1 of a nested page fault, beside the bits of an error code: while the guest's own tables were walked. */
#define SVM_NPF_TABLES BIT(33)

/* EXITINFO1 of an IOIO exit; EXITINFO2 is the RIP behind the instruction. */
#define SVM_IOIO_IN         BIT(0)
#define SVM_IOIO_STRING     BIT(2)
#define SVM_IOIO_SIZE_SHIFT 4 /* one-hot: 1, 2, 4 bytes */
#define SVM_IOIO_PORT_SHIFT 16

/* EXITINFO1 of a MOV to CR, where decode assists exist. */
#define SVM_CR_GPR 0xfull /* number of the general register */

/* Permission maps: one bit a port; two bits an MSR (read, write) in three ranges of 0x2000 MSRs. */
#define SVM_IOPM_SIZE         (3 * PAGE_SIZE)
#define SVM_MSRPM_SIZE        (2 * PAGE_SIZE)
#define SVM_MSRPM_RANGE       0x2000u /* MSRs a range */
#define SVM_MSRPM_RANGE_BYTES 0x800u
#define SVM_MSRPM_HIGH_FIRST  0xc0000000u /* first MSR of the second range */

/* CPUID leaf 0x8000000a: EBX = number of ASIDs; bits of EDX: */
#define CPUID_SVM_EDX_NPT         0
#define CPUID_SVM_EDX_NRIPS       3
#define CPUID_SVM_EDX_FLUSHBYASID 6
#define CPUID_SVM_EDX_DECODE      7

struct vmcb_seg {
    u16 selector;
    u16 attr; /* bits 7:0 = descriptor bits 47:40, bits 11:8 = descriptor bits 55:52 */
    u32 limit;
    u64 base;
};

#define SVM_SEG_REAL_CODE 0x09b
#define SVM_SEG_REAL_DATA 0x093
#define SVM_SEG_CODE32    0xc9b
#define SVM_SEG_DATA32    0xc93
#define SVM_SEG_LDT       0x082
#define SVM_SEG_TSS_BUSY  0x08b
#define SVM_SEG_ATTR_L    0x200 /* 64-bit code */
#define SVM_SEG_ATTR_DB   0x400

struct vmcb {
    u16 intercept_cr_read, intercept_cr_write;
    u16 intercept_dr_read, intercept_dr_write;
    u32 intercept_exception;
    u32 intercept_misc1, intercept_misc2, intercept_misc3;
    u8 reserved_018[0x040 - 0x018];
    u64 iopm, msrpm;
    u64 tsc_offset;
    u32 asid;
    u8 tlb_control;
    u8 reserved_05d[3];
    u64 v_intr;
    u64 int_state; /* SVM_INT_SHADOW */
    u64 exit_code, exit_info1, exit_info2;
    u64 exit_int_info;
    u64 np_enable;
    u8 reserved_098[0x0a8 - 0x098];
    u64 event_inj;
    u64 n_cr3;
    u64 lbr_control;
    u32 clean;
    u32 reserved_0c4;
    u64 next_rip;  /* NRIPS */
    u8 insn_bytes; /* decode assists: fetched, of the instruction that made a nested page fault */
    u8 insn[15];
    u8 reserved_0e0[0x400 - 0x0e0];

    struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    u8 reserved_4a0[0x4cb - 0x4a0];
    u8 cpl;
    u32 reserved_4cc;
    u64 efer;
    u8 reserved_4d8[0x548 - 0x4d8];
    u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
    u8 reserved_580[0x5d8 - 0x580];
    u64 rsp;
    u8 reserved_5e0[0x5f8 - 0x5e0];
    u64 rax;
    u64 star, lstar, cstar, sfmask, kernel_gs_base;
    u64 sysenter_cs, sysenter_esp, sysenter_eip;
    u64 cr2;
    u8 reserved_648[0x668 - 0x648];
    u64 g_pat;
    u8 reserved_670[0x1000 - 0x670];
};

_Static_assert(sizeof(struct vmcb_seg) == 16, "segment register");
_Static_assert(sizeof(struct vmcb) == 4096, "one page");
_Static_assert(offsetof(struct vmcb, intercept_exception) == 0x008, "APM B-1");
_Static_assert(offsetof(struct vmcb, iopm) == 0x040, "APM B-1");
_Static_assert(offsetof(struct vmcb, tsc_offset) == 0x050, "APM B-1");
_Static_assert(offsetof(struct vmcb, tlb_control) == 0x05c, "APM B-1");
_Static_assert(offsetof(struct vmcb, v_intr) == 0x060, "APM B-1");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x070, "APM B-1");
_Static_assert(offsetof(struct vmcb, exit_int_info) == 0x088, "APM B-1");
_Static_assert(offsetof(struct vmcb, event_inj) == 0x0a8, "APM B-1");
_Static_assert(offsetof(struct vmcb, clean) == 0x0c0, "APM B-1");
_Static_assert(offsetof(struct vmcb, next_rip) == 0x0c8, "APM B-1");
_Static_assert(offsetof(struct vmcb, insn_bytes) == 0x0d0, "APM B-1");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "APM B-2");
_Static_assert(offsetof(struct vmcb, tr) == 0x490, "APM B-2");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "APM B-2");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "APM B-2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM B-2");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "APM B-2");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "APM B-2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM B-2");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "APM B-2");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "APM B-2");
