/* SPDX-License-Identifier: BSD-2-Clause */
/* msr.h: numbers and bits of architectural MSRs (Intel SDM vol. 4; AMD APM vol. 2 appendix A). Usable from
 * assembly. */
#pragma once

#define MSR_TSC               0x10
#define MSR_PLATFORM_ID       0x17
#define MSR_APIC_BASE         0x1b
#define MSR_UCODE_REV         0x8b
#define MSR_MTRR_CAP          0xfe
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_SYSENTER_CS       0x174
#define MSR_SYSENTER_ESP      0x175
#define MSR_SYSENTER_EIP      0x176
#define MSR_MCG_CAP           0x179
#define MSR_MCG_STATUS        0x17a
#define MSR_MISC_ENABLE       0x1a0
#define MSR_PAT               0x277
#define MSR_MTRR_DEF_TYPE     0x2ff
#define MSR_TSC_DEADLINE      0x6e0
#define MSR_X2APIC            0x800 /* + register offset >> 4 */
#define MSR_X2APIC_LAST       0x8ff

#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SFMASK         0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103
#define MSR_HWCR           0xc0010015
#define MSR_VM_CR          0xc0010114
#define MSR_VM_HSAVE_PA    0xc0010117

#define MSR_APIC_BASE_BSP    0x100
#define MSR_APIC_BASE_X2APIC 0x400
#define MSR_APIC_BASE_ENABLE 0x800
#define MSR_APIC_BASE_ADDR   0x000ffffffffff000

#define EFER_SCE  0x1
#define EFER_LME  0x100
#define EFER_LMA  0x400
#define EFER_NXE  0x800
#define EFER_SVME 0x1000

#define VM_CR_SVMDIS 0x10

#define MISC_ENABLE_FAST_STRINGS 0x1

#define ARCH_CAPABILITIES_PSCHANGE_MC_NO 0x40
