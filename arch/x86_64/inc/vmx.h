/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmx.h: Intel's virtual machine extensions: VMCS fields, controls, exit reasons, capability MSRs.
 *
 * Numbers from the SDM, vol. 3: fields appendix B, controls 25.6 to 25.8, exit reasons appendix C, MSRs appendix A.
 * Constants usable from assembly.
 */
#pragma once

/* Fields. Bits 14:13 are the width: 16, 64, 32 bits, natural. */
#define VMCS_VPID             0x0000
#define VMCS_POSTED_VECTOR    0x0002
#define VMCS_GUEST_ES         0x0800 /* selectors: ES, CS, SS, DS, FS, GS, LDTR, TR: two apart */
#define VMCS_GUEST_CS         0x0802
#define VMCS_GUEST_LDTR       0x080c
#define VMCS_GUEST_TR         0x080e
#define VMCS_GUEST_INT_STATUS 0x0810 /* RVI, and SVI in the high byte */
#define VMCS_GUEST_PML_INDEX  0x0812
#define VMCS_HOST_ES          0x0c00
#define VMCS_HOST_CS          0x0c02
#define VMCS_HOST_SS          0x0c04
#define VMCS_HOST_DS          0x0c06
#define VMCS_HOST_FS          0x0c08
#define VMCS_HOST_GS          0x0c0a
#define VMCS_HOST_TR          0x0c0c

#define VMCS_IO_BITMAP_A         0x2000
#define VMCS_IO_BITMAP_B         0x2002
#define VMCS_MSR_BITMAP          0x2004
#define VMCS_EXIT_MSR_STORE_ADDR 0x2006
#define VMCS_EXIT_MSR_LOAD_ADDR  0x2008
#define VMCS_ENTRY_MSR_LOAD_ADDR 0x200a
#define VMCS_PML_ADDR            0x200e
#define VMCS_TSC_OFFSET          0x2010
#define VMCS_VIRT_APIC_ADDR      0x2012
#define VMCS_APIC_ACCESS_ADDR    0x2014
#define VMCS_POSTED_ADDR         0x2016
#define VMCS_EPTP                0x201a
#define VMCS_EOI_EXIT_0          0x201c /* four, two apart */
#define VMCS_GUEST_PHYS          0x2400 /* read-only */
#define VMCS_LINK                0x2800
#define VMCS_GUEST_DEBUGCTL      0x2802
#define VMCS_GUEST_PAT           0x2804
#define VMCS_GUEST_EFER          0x2806
#define VMCS_GUEST_PDPTE_0       0x280a /* four, two apart */
#define VMCS_HOST_PAT            0x2c00
#define VMCS_HOST_EFER           0x2c02

#define VMCS_PIN_CONTROLS        0x4000
#define VMCS_PROC_CONTROLS       0x4002
#define VMCS_EXCEPTIONS          0x4004
#define VMCS_PF_MASK             0x4006
#define VMCS_PF_MATCH            0x4008
#define VMCS_CR3_TARGETS         0x400a
#define VMCS_EXIT_CONTROLS       0x400c
#define VMCS_EXIT_MSR_STORES     0x400e
#define VMCS_EXIT_MSR_LOADS      0x4010
#define VMCS_ENTRY_CONTROLS      0x4012
#define VMCS_ENTRY_MSR_LOADS     0x4014
#define VMCS_ENTRY_EVENT         0x4016
#define VMCS_ENTRY_EVENT_ERROR   0x4018
#define VMCS_ENTRY_LENGTH        0x401a
#define VMCS_TPR_THRESHOLD       0x401c
#define VMCS_PROC2_CONTROLS      0x401e
#define VMCS_INSTRUCTION_ERROR   0x4400 /* read-only, as all of 0x44.. */
#define VMCS_EXIT_REASON         0x4402
#define VMCS_EXIT_EVENT          0x4404
#define VMCS_EXIT_EVENT_ERROR    0x4406
#define VMCS_VECTORING           0x4408
#define VMCS_VECTORING_ERROR     0x440a
#define VMCS_EXIT_LENGTH         0x440c
#define VMCS_EXIT_INSTRUCTION    0x440e
#define VMCS_GUEST_ES_LIMIT      0x4800 /* ES … TR as above, then GDTR, IDTR */
#define VMCS_GUEST_GDTR_LIMIT    0x4810
#define VMCS_GUEST_IDTR_LIMIT    0x4812
#define VMCS_GUEST_ES_ACCESS     0x4814
#define VMCS_GUEST_CS_ACCESS     0x4816
#define VMCS_GUEST_SS_ACCESS     0x4818
#define VMCS_GUEST_INTERRUPTIBLE 0x4824
#define VMCS_GUEST_ACTIVITY      0x4826
#define VMCS_GUEST_SMBASE        0x4828
#define VMCS_GUEST_SYSENTER_CS   0x482a
#define VMCS_PREEMPTION_TIMER    0x482e
#define VMCS_HOST_SYSENTER_CS    0x4c00

#define VMCS_CR0_MASK           0x6000
#define VMCS_CR4_MASK           0x6002
#define VMCS_CR0_SHADOW         0x6004
#define VMCS_CR4_SHADOW         0x6006
#define VMCS_QUALIFICATION      0x6400 /* read-only */
#define VMCS_GUEST_LINEAR       0x640a /* read-only */
#define VMCS_GUEST_CR0          0x6800
#define VMCS_GUEST_CR3          0x6802
#define VMCS_GUEST_CR4          0x6804
#define VMCS_GUEST_ES_BASE      0x6806
#define VMCS_GUEST_CS_BASE      0x6808
#define VMCS_GUEST_GDTR_BASE    0x6816
#define VMCS_GUEST_IDTR_BASE    0x6818
#define VMCS_GUEST_DR7          0x681a
#define VMCS_GUEST_RSP          0x681c
#define VMCS_GUEST_RIP          0x681e
#define VMCS_GUEST_RFLAGS       0x6820
#define VMCS_GUEST_DEBUG        0x6822 /* pending debug exceptions */
#define VMCS_GUEST_SYSENTER_ESP 0x6824
#define VMCS_GUEST_SYSENTER_EIP 0x6826
#define VMCS_HOST_CR0           0x6c00
#define VMCS_HOST_CR3           0x6c02
#define VMCS_HOST_CR4           0x6c04
#define VMCS_HOST_FS_BASE       0x6c06
#define VMCS_HOST_GS_BASE       0x6c08
#define VMCS_HOST_TR_BASE       0x6c0a
#define VMCS_HOST_GDTR_BASE     0x6c0c
#define VMCS_HOST_IDTR_BASE     0x6c0e
#define VMCS_HOST_SYSENTER_ESP  0x6c10
#define VMCS_HOST_SYSENTER_EIP  0x6c12
#define VMCS_HOST_RSP           0x6c14
#define VMCS_HOST_RIP           0x6c16

/* Pin-based controls. */
#define VMX_PIN_INTR        BIT(0)
#define VMX_PIN_NMI         BIT(3)
#define VMX_PIN_VIRTUAL_NMI BIT(5)
#define VMX_PIN_TIMER       BIT(6) /* the preemption timer */
#define VMX_PIN_POSTED      BIT(7) /* process posted interrupts */

/* Processor-based controls. */
#define VMX_PROC_INTR_WINDOW BIT(2)
#define VMX_PROC_TSC_OFFSET  BIT(3)
#define VMX_PROC_HLT         BIT(7)
#define VMX_PROC_INVLPG      BIT(9)
#define VMX_PROC_MWAIT       BIT(10)
#define VMX_PROC_RDPMC       BIT(11)
#define VMX_PROC_RDTSC       BIT(12)
#define VMX_PROC_CR3_LOAD    BIT(15)
#define VMX_PROC_CR3_STORE   BIT(16)
#define VMX_PROC_CR8_LOAD    BIT(19)
#define VMX_PROC_CR8_STORE   BIT(20)
#define VMX_PROC_TPR_SHADOW  BIT(21)
#define VMX_PROC_NMI_WINDOW  BIT(22)
#define VMX_PROC_MOV_DR      BIT(23)
#define VMX_PROC_IO          BIT(24)
#define VMX_PROC_IO_BITMAPS  BIT(25)
#define VMX_PROC_MSR_BITMAP  BIT(28)
#define VMX_PROC_MONITOR     BIT(29)
#define VMX_PROC_PAUSE       BIT(30)
#define VMX_PROC_SECONDARY   BIT(31)

/* Secondary processor-based controls. */
#define VMX_PROC2_APIC_ACCESS  BIT(0) /* virtualise APIC accesses */
#define VMX_PROC2_EPT          BIT(1)
#define VMX_PROC2_DESC         BIT(2) /* exit for LGDT and its like */
#define VMX_PROC2_RDTSCP       BIT(3)
#define VMX_PROC2_X2APIC       BIT(4) /* virtualise x2APIC mode */
#define VMX_PROC2_VPID         BIT(5)
#define VMX_PROC2_WBINVD       BIT(6)
#define VMX_PROC2_UNRESTRICTED BIT(7)
#define VMX_PROC2_APIC_REGS    BIT(8) /* APIC-register virtualisation */
#define VMX_PROC2_INTR         BIT(9) /* virtual-interrupt delivery */
#define VMX_PROC2_PAUSE_LOOP   BIT(10)
#define VMX_PROC2_RDRAND       BIT(11)
#define VMX_PROC2_INVPCID      BIT(12)
#define VMX_PROC2_RDSEED       BIT(16)
#define VMX_PROC2_PML          BIT(17)
#define VMX_PROC2_XSAVES       BIT(20)

/* VM-exit controls. */
#define VMX_EXIT_SAVE_DEBUG BIT(2)
#define VMX_EXIT_HOST_64    BIT(9)
#define VMX_EXIT_ACK        BIT(15) /* acknowledge the interrupt that ends the guest's run */
#define VMX_EXIT_SAVE_PAT   BIT(18)
#define VMX_EXIT_LOAD_PAT   BIT(19)
#define VMX_EXIT_SAVE_EFER  BIT(20)
#define VMX_EXIT_LOAD_EFER  BIT(21)
#define VMX_EXIT_SAVE_TIMER BIT(22)

/* VM-entry controls. */
#define VMX_ENTRY_LOAD_DEBUG BIT(2)
#define VMX_ENTRY_IA32E      BIT(9)
#define VMX_ENTRY_SMM        BIT(10)
#define VMX_ENTRY_DUAL       BIT(11)
#define VMX_ENTRY_LOAD_PAT   BIT(14)
#define VMX_ENTRY_LOAD_EFER  BIT(15)

/* Events: VM-entry interruption information, and what exits tell in the same form. */
#define VMX_EVENT_VECTOR        0xffu
#define VMX_EVENT_TYPE          (7u << 8)
#define VMX_EVENT_INTR          (0u << 8)
#define VMX_EVENT_RESERVED      (1u << 8)
#define VMX_EVENT_NMI           (2u << 8)
#define VMX_EVENT_EXCEPTION     (3u << 8)
#define VMX_EVENT_SOFT          (4u << 8) /* and software exceptions, 6 */
#define VMX_EVENT_PRIVILEGED    (5u << 8)
#define VMX_EVENT_OTHER         (7u << 8)
#define VMX_EVENT_HAS_ERROR     BIT(11)
#define VMX_EVENT_NMI_UNBLOCKED BIT(12) /* of exits: by an IRET that did not end */
#define VMX_EVENT_VALID         BIT(31)

/* Interruptibility. */
#define VMX_SHADOW_STI    BIT(0)
#define VMX_SHADOW_MOV_SS BIT(1)
#define VMX_NMI_BLOCKED   BIT(3)

/* Activity. */
#define VMX_ACTIVITY_HLT      1
#define VMX_ACTIVITY_SHUTDOWN 2
#define VMX_ACTIVITY_WAIT     3 /* for SIPI */

/* Access rights of a segment. */
#define VMX_SEG_DPL(access) ((access) >> 5 & 3)
#define VMX_SEG_L           BIT(13)
#define VMX_SEG_DB          BIT(14)
#define VMX_SEG_UNUSABLE    BIT(16)

/* EPT pointer, and the qualification of an EPT violation. */
#define VMX_EPTP_UC       0u
#define VMX_EPTP_WB       6u
#define VMX_EPTP_WALK_4   (3u << 3)
#define VMX_EPTP_AD       BIT(6)
#define VMX_EPTP_SSS      BIT(7) /* supervisor shadow stacks have rights of their own */
#define VMX_EPT_READ      BIT(0)
#define VMX_EPT_WRITE     BIT(1)
#define VMX_EPT_FETCH     BIT(2)
#define VMX_EPT_FINAL     BIT(8)  /* not while the guest's own tables were walked */
#define VMX_EPT_UNBLOCKED BIT(12) /* as VMX_EVENT_NMI_UNBLOCKED */

/* Basic exit reasons. */
#define VMX_REASON_FAILED      BIT(31) /* the entry failed */
#define VMX_EXIT_EXCEPTION     0       /* or NMI */
#define VMX_EXIT_INTR          1
#define VMX_EXIT_TRIPLE_FAULT  2
#define VMX_EXIT_INIT          3
#define VMX_EXIT_SIPI          4
#define VMX_EXIT_INTR_WINDOW   7
#define VMX_EXIT_NMI_WINDOW    8
#define VMX_EXIT_TASK_SWITCH   9
#define VMX_EXIT_CPUID         10
#define VMX_EXIT_GETSEC        11
#define VMX_EXIT_HLT           12
#define VMX_EXIT_INVD          13
#define VMX_EXIT_RDPMC         15
#define VMX_EXIT_VMCALL        18
#define VMX_EXIT_VMCLEAR       19
#define VMX_EXIT_VMXON         27
#define VMX_EXIT_CR            28
#define VMX_EXIT_IO            30
#define VMX_EXIT_RDMSR         31
#define VMX_EXIT_WRMSR         32
#define VMX_EXIT_BAD_STATE     33
#define VMX_EXIT_BAD_MSR       34
#define VMX_EXIT_MWAIT         36
#define VMX_EXIT_MONITOR       39
#define VMX_EXIT_PAUSE         40
#define VMX_EXIT_MACHINE_CHECK 41
#define VMX_EXIT_TPR           43 /* below the threshold */
#define VMX_EXIT_APIC_ACCESS   44
#define VMX_EXIT_EOI           45
#define VMX_EXIT_EPT_VIOLATION 48
#define VMX_EXIT_EPT_MISCONFIG 49
#define VMX_EXIT_INVEPT        50
#define VMX_EXIT_TIMER         52
#define VMX_EXIT_INVVPID       53
#define VMX_EXIT_WBINVD        54
#define VMX_EXIT_XSETBV        55
#define VMX_EXIT_APIC_WRITE    56
#define VMX_EXIT_PML_FULL      62

/* Qualification of a control-register access. */
#define VMX_CR_NUMBER        0xfu
#define VMX_CR_TYPE(q)       ((q) >> 4 & 3)
#define VMX_CR_TO            0
#define VMX_CR_FROM          1
#define VMX_CR_CLTS          2
#define VMX_CR_LMSW          3
#define VMX_CR_REGISTER(q)   ((q) >> 8 & 0xf)
#define VMX_CR_LMSW_VALUE(q) ((q) >> 16 & 0xffff)

/* … of an I/O instruction … */
#define VMX_IO_SIZE(q) (((q)&7) + 1)
#define VMX_IO_IN      BIT(3)
#define VMX_IO_STRING  BIT(4)
#define VMX_IO_PORT(q) ((u16)((q) >> 16))

/* … of an APIC access. */
#define VMX_APIC_OFFSET   0xfffu
#define VMX_APIC_TYPE(q)  ((q) >> 12 & 0xf)
#define VMX_APIC_READ     0
#define VMX_APIC_WRITE    1
#define VMX_APIC_FETCH    2
#define VMX_APIC_PHYSICAL 15 /* by guest-physical address, as tables are walked */

/* MSRs. */
#define MSR_FEATURE_CONTROL  0x3a
#define FEATURE_CONTROL_LOCK BIT(0)
#define FEATURE_CONTROL_VMX  BIT(2) /* outside SMX */
#define MSR_VMX_BASIC        0x480
#define MSR_VMX_PIN          0x481
#define MSR_VMX_PROC         0x482
#define MSR_VMX_EXIT         0x483
#define MSR_VMX_ENTRY        0x484
#define MSR_VMX_MISC         0x485
#define MSR_VMX_CR0_FIXED0   0x486
#define MSR_VMX_CR0_FIXED1   0x487
#define MSR_VMX_CR4_FIXED0   0x488
#define MSR_VMX_CR4_FIXED1   0x489
#define MSR_VMX_PROC2        0x48b
#define MSR_VMX_EPT_VPID     0x48c
#define MSR_VMX_TRUE_PIN     0x48d /* then PROC, EXIT, ENTRY */

#define VMX_BASIC_REVISION     0x7fffffffu
#define VMX_BASIC_TRUE         BIT(55)    /* the MSRs MSR_VMX_TRUE_… exist */
#define VMX_MISC_TIMER_RATE(m) ((m)&0x1f) /* the preemption timer counts when this bit of the TSC changes */

#define VMX_EPT_EXEC_ONLY       BIT(0)
#define VMX_EPT_WALK_4          BIT(6)
#define VMX_EPT_MEMORY_UC       BIT(8)
#define VMX_EPT_MEMORY_WB       BIT(14)
#define VMX_EPT_2MIB            BIT(16)
#define VMX_EPT_1GIB            BIT(17)
#define VMX_EPT_INVEPT          BIT(20)
#define VMX_EPT_AD              BIT(21)
#define VMX_EPT_SHADOW_STACK    BIT(23)
#define VMX_EPT_INVEPT_SINGLE   BIT(25)
#define VMX_EPT_INVEPT_ALL      BIT(26)
#define VMX_VPID_INVVPID        BIT(32)
#define VMX_VPID_INVVPID_SINGLE BIT(41)
#define VMX_VPID_INVVPID_ALL    BIT(42)
