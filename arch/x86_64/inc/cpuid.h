/* SPDX-License-Identifier: BSD-2-Clause */
/* cpuid.h: architectural CPUID feature bits, as bit numbers (AMD APM vol. 3 appendix E; Intel SDM vol. 2A,
 * CPUID). */
#pragma once

/* Leaf 0, EBX: how the vendor's name begins */
#define CPUID_VENDOR_AMD   0x68747541u /* Auth */
#define CPUID_VENDOR_HYGON 0x6f677948u /* Hygo */

/* Leaf 1 */
#define CPUID1_ECX_VMX          5
#define CPUID1_ECX_X2APIC       21
#define CPUID1_ECX_TSC_DEADLINE 24
#define CPUID1_ECX_XSAVE        26
#define CPUID1_ECX_OSXSAVE      27
#define CPUID1_EDX_APIC         9
#define CPUID1_EBX_APICID_SHIFT 24

/* Leaf 0x80000000 and up */
#define CPUID_EXT_MAX         0x80000000u
#define CPUID_EXT_FEATURES    0x80000001u
#define CPUID_EXT_SIZES       0x80000008u /* EAX: widths of physical (7:0) and linear (15:8) addresses */
#define CPUID_EXT_SVM         0x8000000au
#define CPUIDX1_ECX_SVM       2
#define CPUIDX1_EDX_NX        20
#define CPUIDX1_EDX_GIB_PAGES 26

/* More of leaf 1 */
#define CPUID1_ECX_SSE3      0
#define CPUID1_ECX_PCLMULQDQ 1
#define CPUID1_ECX_SSSE3     9
#define CPUID1_ECX_CX16      13
#define CPUID1_ECX_SSE41     19
#define CPUID1_ECX_SSE42     20
#define CPUID1_ECX_MOVBE     22
#define CPUID1_ECX_POPCNT    23
#define CPUID1_ECX_AES       25
#define CPUID1_ECX_RDRAND    30
#define CPUID1_EDX_FPU       0
#define CPUID1_EDX_VME       1
#define CPUID1_EDX_DE        2
#define CPUID1_EDX_PSE       3
#define CPUID1_EDX_TSC       4
#define CPUID1_EDX_MSR       5
#define CPUID1_EDX_PAE       6
#define CPUID1_EDX_CX8       8
#define CPUID1_EDX_SEP       11
#define CPUID1_EDX_PGE       13
#define CPUID1_EDX_CMOV      15
#define CPUID1_EDX_PAT       16
#define CPUID1_EDX_PSE36     17
#define CPUID1_EDX_CLFSH     19
#define CPUID1_EDX_MMX       23
#define CPUID1_EDX_FXSR      24
#define CPUID1_EDX_SSE       25
#define CPUID1_EDX_SSE2      26
#define CPUID1_EDX_HTT       28 /* EBX bits 23:16 count logical CPUs */

/* Leaf 6 and 7 */
#define CPUID6_EAX_ARAT              2 /* the APIC timer never stops */
#define CPUID7_EBX_FSGSBASE          0
#define CPUID7_EBX_BMI1              3
#define CPUID7_EBX_SMEP              7
#define CPUID7_EBX_BMI2              8
#define CPUID7_EBX_ERMS              9
#define CPUID7_EBX_RDSEED            18
#define CPUID7_EBX_ADX               19
#define CPUID7_EBX_SMAP              20
#define CPUID7_EBX_CLFLUSHOPT        23
#define CPUID7_EBX_CLWB              24
#define CPUID7_EBX_SHA               29
#define CPUID7_ECX_UMIP              2
#define CPUID7_EDX_FSRM              4
#define CPUID7_EDX_ARCH_CAPABILITIES 29

/* Leaves 0x80000001, 0x80000007, 0x80000008 */
#define CPUIDX1_ECX_LAHF        0
#define CPUIDX1_ECX_CMP_LEGACY  1 /* the logical CPUs of leaf 1 are cores */
#define CPUIDX1_ECX_CR8         4
#define CPUIDX1_ECX_ABM         5
#define CPUIDX1_ECX_SSE4A       6
#define CPUIDX1_ECX_MISALIGNSSE 7
#define CPUIDX1_ECX_PREFETCHW   8
#define CPUIDX1_EDX_SYSCALL     11
#define CPUIDX1_EDX_MMXEXT      22
#define CPUIDX1_EDX_LM          29
#define CPUIDX1_EDX_3DNOWEXT    30
#define CPUIDX1_EDX_3DNOW       31
#define CPUIDX7_EDX_TSC_CONST   8
#define CPUIDX8_EBX_CLZERO      0
